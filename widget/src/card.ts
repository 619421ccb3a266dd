import { h } from "./kit";
import { point, safeURL } from "./url";
import type { Card } from "./types";

/** card renders one product from the shop's data. */
export function card(c: Card): HTMLElement {
	const url = safeURL(c.url, "http: https:");
	const title = h("a", { class: "card-title" }, c.title);
	if (url) point(title, url);

	const picture = h("div", { class: "card-pic" });
	const src = safeURL(c.image_url, "http: https:");
	if (src) {
		// alt is empty: the title beside it says the same.
		const img = h("img", { src, alt: "", loading: "lazy", decoding: "async", width: 72, height: 72, error: () => img.remove() });
		picture.append(img);
	}

	const body = h("div", { class: "card-body" }, title);
	const facts = [...attributes(c), ...(c.sku ? ["SKU\u00A0" + c.sku] : [])];
	if (facts.length) body.append(h("div", { class: "card-facts" }, facts.join(" \u00B7 ")));

	const p = c.price;
	if (p?.text) {
		const price = h("div", { class: "card-price" });
		if (p.on_sale && p.regular_text) {
			price.append(h("span", { class: "vh" }, "Regular price "), h("s", null, p.regular_text), " ", h("span", { class: "vh" }, "Sale price "));
		}
		price.append(h("strong", null, p.text));
		body.append(price);
	}

	const foot = h("div", { class: "card-foot" });
	if (c.stock?.text) {
		const status = /^(instock|outofstock|onbackorder)$/.test(c.stock.status || "") ? c.stock.status : "";
		foot.append(h("span", { class: "stock " + status }, c.stock.text));
	}
	const at = new Date(c.as_of || "");
	if (!isNaN(+at)) {
		const today = at.toDateString() === new Date().toDateString();
		const text = at.toLocaleString(document.documentElement.lang || undefined, today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" });
		foot.append(h("time", { datetime: at.toISOString() }, "as of " + text));
	}
	if (foot.firstChild) body.append(foot);
	return h("li", { class: "card", part: "card" }, picture, body);
}

/** attributes gives up to three "Name: value" pairs. */
function attributes(c: Card): string[] {
	return Object.entries(c.attributes || {})
		.slice(0, 3)
		.map(([name, value]) => `${name}: ${[value].flat().join(", ")}`);
}
