import * as smd from "../vendor/streaming-markdown/smd.js";
import { h } from "./kit";
import { point, safeURL } from "./url";
import type { Source } from "./types";

// The parser reads $...$ as a formula; in a shop it is money. It sees this private-use character instead.
const DOLLAR = "\uE000";

const tags: Partial<Record<number, keyof HTMLElementTagNameMap>> = {
	[smd.PARAGRAPH]: "p",
	[smd.BLOCKQUOTE]: "blockquote",
	[smd.CODE_INLINE]: "code",
	[smd.ITALIC_AST]: "em",
	[smd.ITALIC_UND]: "em",
	[smd.STRONG_AST]: "strong",
	[smd.STRONG_UND]: "strong",
	[smd.STRIKE]: "s",
	[smd.LINE_BREAK]: "br",
	[smd.RULE]: "hr",
	[smd.LIST_UNORDERED]: "ul",
	[smd.LIST_ORDERED]: "ol",
	[smd.LIST_ITEM]: "li",
	[smd.TABLE_ROW]: "tr",
};

/**
 * Markdown renders model text as it streams in. Text only ever becomes text nodes, and only the elements named in this
 * file exist: no images, no attributes but a checked href, no HTML. [n] becomes a link to source n once it is known.
 */
export class Markdown {
	private readonly stack_: HTMLElement[];
	private readonly parser_: ReturnType<typeof smd.parser>;
	private readonly cites_: HTMLElement[] = [];
	private byNumber_ = new Map<number, Source>();
	private broken_ = false;

	constructor(root: HTMLElement) {
		this.stack_ = [root];
		this.parser_ = smd.parser({
			data: this,
			add_token: (_: unknown, type: number) => this.add_(type),
			end_token: () => this.close_(),
			add_text: (_: unknown, text: string) => this.text_(text),
			set_attr: (_: unknown, type: number, value: string) => {
				// A URL is kept aside until the link ends: then all of it is known and can be judged.
				if (type === smd.HREF) this.top_.dataset.to = value.replaceAll(DOLLAR, "$");
				if (type === smd.START) this.top_.setAttribute("start", String(parseInt(value, 10) || 1));
				if (type === smd.CHECKED) this.top_.textContent = "\u2611 ";
			},
		} as never);
	}

	private get top_(): HTMLElement {
		return this.stack_[this.stack_.length - 1];
	}

	/** write takes the next piece of text. */
	write_(piece: string): void {
		// The parser is somebody else's: if it ever trips over a text, the shopper reads that text as it is.
		if (!this.broken_) {
			try {
				return smd.parser_write(this.parser_, piece.replaceAll("$", DOLLAR));
			} catch {
				this.broken_ = true;
			}
		}
		this.text_(piece);
	}

	/** end closes what is still open; citations without a source go back to plain text. */
	end_(): void {
		try {
			if (!this.broken_) smd.parser_end(this.parser_);
		} catch {
			// As in write.
		}
		while (this.stack_.length > 1) this.close_();
		this.link_(true);
	}

	/** sources tells where [n] leads; it may come before, between or after the text. */
	sources_(list: Source[]): void {
		this.byNumber_ = new Map(list.map((s) => [s.n, s]));
		this.link_(false);
	}

	private add_(type: number): void {
		let el: HTMLElement;
		let parent = this.top_;
		switch (type) {
			case smd.LINK:
			case smd.RAW_URL:
				el = h("a");
				el.dataset.kind = type === smd.LINK ? "link" : "raw";
				break;
			case smd.HEADING_1:
			case smd.HEADING_2:
			case smd.HEADING_3:
			case smd.HEADING_4:
			case smd.HEADING_5:
			case smd.HEADING_6:
				// One level: an answer is part of the dialog, whose title is the h2.
				el = h("h3");
				break;
			case smd.CODE_BLOCK:
			case smd.CODE_FENCE:
				parent = parent.appendChild(h("pre"));
				el = h("code");
				break;
			case smd.TABLE:
				parent = parent.appendChild(h("div", { class: "table", role: "group", "aria-label": "Table", tabindex: 0 }));
				el = h("table");
				break;
			case smd.TABLE_CELL:
				el = h(parent.parentElement!.firstChild === parent ? "th" : "td");
				break;
			case smd.CHECKBOX:
				el = h("span", null, "\u2610 ");
				break;
			default:
				// Images and formulas too: their text, nothing else.
				el = h(tags[type] || "span");
		}
		parent.append(el);
		this.stack_.push(el);
	}

	private text_(text: string): void {
		text = text.replaceAll(DOLLAR, "$");
		const last = this.top_.lastChild;
		if (last instanceof Text) last.appendData(text);
		else this.top_.append(text);
	}

	private close_(): void {
		if (this.stack_.length < 2) return;
		const el = this.stack_.pop()!;
		const { kind, to } = el.dataset;
		if (!kind) return;
		delete el.dataset.kind;
		delete el.dataset.to;
		const text = el.textContent || "";
		const a = el as HTMLAnchorElement;
		if (kind === "raw") {
			// "see https://shop.example/a." ends a sentence, not an address.
			const [, address, tail] = /^(.*?)([.,;:!?)\]}'"*_]*)$/s.exec(to || text)!;
			const url = safeURL(address);
			if (url && tail) {
				a.textContent = address;
				a.after(tail);
			}
			if (url) return point(a, url);
		} else if (to !== undefined) {
			const url = safeURL(to);
			if (url) return point(a, url);
		} else {
			// [text] with nothing behind it: a citation, or brackets that somebody simply wrote.
			const closed = this.parser_.pending === "]";
			if (closed && /^\d+(\s*,\s*\d+)*$/.test(text)) {
				const made = text.split(",").map((n) => h("a", { class: "cite" }, n.trim()));
				this.cites_.push(...made);
				a.replaceWith(...made);
				return this.link_(false);
			}
			a.prepend("[");
			if (closed) a.append("]");
		}
		a.replaceWith(...a.childNodes);
	}

	private link_(ended: boolean): void {
		for (const el of this.cites_) {
			const a = el as HTMLAnchorElement;
			const source = this.byNumber_.get(Number(a.textContent));
			const url = source && safeURL(source.url);
			if (url && !a.href) {
				point(a, url);
				a.setAttribute("aria-label", `Source ${source.n}: ${source.title}`);
				a.title = source.title;
			} else if (!url && ended) {
				a.replaceWith(`[${a.textContent}]`);
			}
		}
	}
}
