// Elements are made one by one; no string is ever parsed as HTML, so strict CSP and Trusted Types have nothing to block.

type Props = Record<string, string | number | boolean | EventListener | undefined>;

/** h makes an element: functions become listeners, true an empty attribute, false and undefined nothing. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props?: Props | null, ...children: (Node | string)[]): HTMLElementTagNameMap[K] {
	const el = document.createElement(tag);
	for (const [name, value] of Object.entries(props || {})) {
		if (typeof value === "function") el.addEventListener(name, value);
		else if (value === true) el.setAttribute(name, "");
		else if (value !== false && value !== undefined) el.setAttribute(name, String(value));
	}
	el.append(...children);
	return el;
}

/** icon draws one path on a 24-unit grid; it is decoration, its button carries the name. */
export function icon(path: string): SVGElement {
	const ns = "http://www.w3.org/2000/svg";
	const svg = document.createElementNS(ns, "svg");
	svg.setAttribute("viewBox", "0 0 24 24");
	svg.setAttribute("aria-hidden", "true");
	svg.append(document.createElementNS(ns, "path"));
	svg.firstElementChild!.setAttribute("d", path);
	return svg;
}

/** adopt adds a style sheet that no style-src policy can block. */
export function adopt(root: ShadowRoot, css: string): CSSStyleSheet {
	const sheet = new CSSStyleSheet();
	sheet.replaceSync(css);
	root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
	return sheet;
}
