import { card } from "./card";
import { h, icon } from "./dom";
import { Markdown } from "./markdown";
import { point, safeURL } from "./url";
import { notes, words } from "./words";
import type { Card, Source } from "./types";

const THUMB_UP = "M7 11v9H4v-9h3Zm0 0 4-8c1.4 0 2.3 1 2.3 2.4V9H19a1.6 1.6 0 0 1 1.6 1.9l-1.3 7.3A2.2 2.2 0 0 1 17.2 20H7";
const THUMB_DOWN = "M7 13V4H4v9h3Zm0 0 4 8c1.4 0 2.3-1 2.3-2.4V15H19a1.6 1.6 0 0 0 1.6-1.9l-1.3-7.3A2.2 2.2 0 0 0 17.2 4H7";

/** bubble is one message by the visitor, or a plain one by the shop. */
export function bubble(who: "me" | "shop", text: string): HTMLElement {
	const says = h("span", { class: "vh" }, who === "me" ? words.you : words.assistant);
	return h("div", { class: "turn " + who }, says, h("div", { class: "bubble", part: "message", dir: "auto" }, h("p", null, text)));
}

/** Answer is one answer of the assistant on the screen, from the first dot to the thumbs. */
export class Answer {
	id = "";
	readonly el: HTMLElement;
	private readonly bubble: HTMLElement;
	private readonly body = h("div", { class: "md" });
	private readonly dots = h("div", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i"));
	readonly more = h("div", { class: "more" });
	private readonly cards = h("ul", { class: "cards", "aria-label": words.products });
	private readonly list = h("ol", { class: "sources" });
	private md = new Markdown(this.body);

	constructor() {
		this.bubble = h("div", { class: "bubble", part: "message", dir: "auto" }, this.body, this.dots);
		this.el = h("div", { class: "turn shop" }, h("span", { class: "vh" }, words.assistant), this.bubble, this.more);
	}

	/** plain is the answer as it is read out: without the citation numbers. */
	get plain(): string {
		const copy = this.body.cloneNode(true) as HTMLElement;
		copy.querySelectorAll(".cite").forEach((c) => c.remove());
		copy.querySelectorAll("p,li,h3,tr,br").forEach((b) => b.append(" "));
		return (copy.textContent || "").replace(/\s+/g, " ").trim();
	}

	delta(text: string): void {
		if (text) this.dots.remove();
		this.md.write(text);
	}

	sources(list: Source[]): void {
		this.md.sources(list);
		this.list.replaceChildren(
			...list.flatMap((s) => {
				const url = safeURL(s.url);
				if (!url) return [];
				const a = h("a", null, s.title || url);
				point(a, url);
				return h("li", { value: s.n }, a);
			}),
		);
		if (this.list.firstChild && !this.list.isConnected) {
			this.more.append(h("div", { class: "sourced" }, h("div", { class: "label" }, words.sources), this.list));
		}
	}

	products(list: Card[]): void {
		this.cards.replaceChildren(...list.map(card));
		if (list.length) this.more.prepend(this.cards);
	}

	/** end closes the text and says what is wrong with the answer, if anything. */
	end(finish: string): void {
		this.dots.remove();
		this.md.end();
		if (!this.body.firstChild) this.bubble.remove();
		if (Object.hasOwn(notes, finish)) this.note(notes[finish]);
	}

	note(text: string): HTMLElement {
		const note = h("div", { class: "note" }, text);
		this.more.append(note);
		return note;
	}

	/** rating adds the thumbs; rate gets 1 or -1 and says whether it was kept. */
	rating(rate: (value: number) => Promise<boolean>): void {
		const thumb = (value: number, name: string, path: string): HTMLButtonElement => {
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
				icon(path),
			);
			return button;
		};
		const both = [thumb(1, words.good, THUMB_UP), thumb(-1, words.bad, THUMB_DOWN)];
		this.more.append(h("div", { class: "thumbs" }, ...both));
	}
}
