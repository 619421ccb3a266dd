import { card } from "./card";
import { h, icon } from "./kit";
import { Markdown } from "./markdown";
import { point, safeURL } from "./url";
import { notes, words } from "./words";
import type { Card, Source } from "./types";

// Drawn once: the style sheet turns the second one upside down.
const THUMB = "M7 11v9H4v-9h3Zm0 0 4-8c1.4 0 2.3 1 2.3 2.4V9H19a1.6 1.6 0 0 1 1.6 1.9l-1.3 7.3A2.2 2.2 0 0 1 17.2 20H7";

/** bubble is one message by the visitor, or a plain one by the shop. */
export function bubble(who: "me" | "shop", text: string): HTMLElement {
	const says = h("span", { class: "vh" }, who === "me" ? words.you : words.assistant);
	return h("div", { class: "turn " + who }, says, h("div", { class: "bubble", part: "message", dir: "auto" }, h("p", null, text)));
}

/** Answer is one answer of the assistant on the screen, from the first dot to the thumbs. */
export class Answer {
	id = "";
	readonly el: HTMLElement;
	private readonly bubble_: HTMLElement;
	private readonly body_ = h("div", { class: "md" });
	private readonly dots_ = h("div", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i"));
	readonly more_ = h("div", { class: "more" });
	private readonly cards_ = h("ul", { class: "cards", "aria-label": words.products });
	private readonly list_ = h("ol", { class: "sources" });
	private md_ = new Markdown(this.body_);

	constructor() {
		this.bubble_ = h("div", { class: "bubble", part: "message", dir: "auto" }, this.body_, this.dots_);
		this.el = h("div", { class: "turn shop" }, h("span", { class: "vh" }, words.assistant), this.bubble_, this.more_);
	}

	/** plain is the answer as it is read out: without the citation numbers. */
	get plain_(): string {
		const copy = this.body_.cloneNode(true) as HTMLElement;
		copy.querySelectorAll(".cite").forEach((c) => c.remove());
		copy.querySelectorAll("p,li,h3,td,th,br").forEach((b) => b.append(" "));
		return (copy.textContent || "").replace(/\s+/g, " ").trim();
	}

	delta_(text: string): void {
		if (text) this.dots_.remove();
		this.md_.write_(text);
	}

	sources_(list: Source[]): void {
		this.md_.sources_(list);
		this.list_.replaceChildren(
			...list.flatMap((s) => {
				const url = safeURL(s.url);
				if (!url) return [];
				const a = h("a", null, s.title || url);
				point(a, url);
				return h("li", { value: s.n }, a);
			}),
		);
		if (this.list_.firstChild && !this.list_.isConnected) {
			this.more_.append(h("div", { class: "sourced" }, h("div", { class: "label" }, words.sources), this.list_));
		}
	}

	products_(list: Card[]): void {
		this.cards_.replaceChildren(...list.map(card));
		if (list.length) this.more_.prepend(this.cards_);
	}

	/** end closes the text and says what is to be known about the answer, if anything. */
	end_(...about: (string | undefined)[]): void {
		this.dots_.remove();
		this.md_.end_();
		if (!this.body_.firstChild) this.bubble_.remove();
		for (const a of about) if (a && Object.hasOwn(notes, a)) this.note_(notes[a]);
	}

	note_(text: string): void {
		this.more_.append(h("div", { class: "note" }, text));
	}

	/** rating adds the thumbs; rate gets 1 or -1 and says whether it was kept. */
	rating_(rate: (value: number) => Promise<boolean>): void {
		const thumb = (value: number, name: string): HTMLButtonElement => {
			const button = h(
				"button",
				{
					type: "button",
					class: "thumb",
					"aria-label": name,
					"aria-pressed": "false",
					click: async () => {
						const before = both.map((b) => b.getAttribute("aria-pressed")!);
						both.forEach((b) => b.setAttribute("aria-pressed", String(b === button)));
						if (!(await rate(value))) both.forEach((b, i) => b.setAttribute("aria-pressed", before[i]));
					},
				},
				icon(THUMB),
			);
			return button;
		};
		const both = [thumb(1, words.good), thumb(-1, words.bad)];
		this.more_.append(h("div", { class: "thumbs" }, ...both));
	}
}
