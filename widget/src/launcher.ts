// w.js: the only file a shop page loads by itself. It shows one button; everything else comes when a shopper reaches
// for it (hover, focus, touch, click, or a command).
import css from "woochat/launcher.css";
import { adopt, h, icon } from "./dom";
import type { Host, Panel } from "./types";

const script = (document.currentScript || document.querySelector("script[data-site-key]")) as HTMLScriptElement | null;

type Queue = { push(...commands: unknown[]): void };

class WooChat extends HTMLElement implements Host {
	/** kit is what the panel borrows, see kit.ts. */
	static readonly kit = { h, icon, adopt };
	readonly base = new URL(script!.src).origin;
	readonly siteKey = script!.dataset.siteKey!;
	readonly options = script!.dataset;
	/** ahead fetches the panel before the click; a failure is the click's to tell, not the page's console's. */
	private readonly ahead = (): void => void this.warm().catch(() => {});
	readonly launcher = h(
		"button",
		{
			type: "button",
			class: "launcher",
			part: "launcher",
			"aria-label": "Chat with us",
			"aria-haspopup": "dialog",
			"aria-expanded": "false",
			click: () => (this.isOpen ? this.close() : this.open()),
			pointerenter: this.ahead,
			touchstart: this.ahead,
			focus: this.ahead,
		},
		icon("M12 3C6.9 3 3 6.6 3 11c0 2.3 1.1 4.4 2.8 5.8-.1 1-.5 2.3-1.5 3.5 1.9-.1 3.5-.8 4.6-1.6 1 .2 2 .3 3.1.3 5.1 0 9-3.6 9-8s-3.9-8-9-8Z"),
		icon("m6 9 6 6 6-6"),
	);
	private isOpen = false;
	private panel?: Promise<Panel>;
	private tries = 0;
	private colour?: CSSStyleRule;

	connectedCallback(): void {
		if (this.shadowRoot) return;
		const root = this.attachShadow({ mode: "open" });
		const sheet = adopt(root, css + ":host{}");
		this.colour = sheet.cssRules[sheet.cssRules.length - 1] as CSSStyleRule;
		if (/left/.test(this.options.position || "")) this.setAttribute("position", "left");
		if (this.options.theme) this.setAttribute("theme", this.options.theme);
		root.append(this.launcher);
		this.accent(this.options.accent);
		this.emit("ready");
	}

	emit(name: string, detail: object = {}): void {
		this.dispatchEvent(new CustomEvent("woo-chat:" + name, { bubbles: true, composed: true, detail }));
	}

	accent(color: string | undefined): void {
		color = this.options.accent || color;
		if (color && CSS.supports("color", color)) this.colour!.style.setProperty("--woo-chat-accent", color);
		// Text on the accent is white or black, whichever can be read (WCAG 2.2 relative luminance, 4.5:1).
		const rgb = getComputedStyle(this.launcher).backgroundColor.match(/[\d.]+/g) || [];
		const [r, g, b] = rgb.map((v) => ((v = +v / 255 as never), +v <= 0.04045 ? +v / 12.92 : ((+v + 0.055) / 1.055) ** 2.4));
		this.colour!.style.setProperty("--on", 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.183 ? "#000" : "#fff");
	}

	expanded(open: boolean): void {
		this.isOpen = open;
		this.launcher.setAttribute("aria-expanded", String(open));
		this.toggleAttribute("open", open);
		this.emit(open ? "open" : "close");
	}

	/** warm fetches the panel. */
	private warm(): Promise<Panel> {
		// Some browsers remember that an address failed, so a second try needs another one.
		const query = this.tries ? "?" + this.tries : "";
		return (this.panel ||= import(`${this.base}/w/${PANEL}${query}`).then(
			(m) => m.default(this),
			(e) => {
				this.panel = undefined;
				this.tries++;
				throw e;
			},
		));
	}

	private with(use: (panel: Panel) => void): void {
		this.launcher.setAttribute("aria-busy", "true");
		this.warm()
			.then(use, () => this.emit("error", { code: "PANEL_UNAVAILABLE" }))
			.finally(() => this.launcher.removeAttribute("aria-busy"));
	}

	open(): void {
		this.accent(undefined);
		this.with((p) => p.show());
	}

	close(): void {
		if (this.isOpen) this.with((p) => p.hide());
	}

	send(text: string): void {
		this.with((p) => (p.show(), p.send(text)));
	}
}

function start(): void {
	const chat = document.createElement("woo-chat") as WooChat;
	document.body.append(chat);
	const run = (command: unknown) => {
		const [name, arg] = Array.isArray(command) ? command : [command];
		if (name === "open") chat.open();
		else if (name === "close") chat.close();
		else if (name === "send" && typeof arg === "string") chat.send(arg);
		else window.console.warn("woo-chat: unknown command", name);
	};
	const page = window as unknown as { wooChat?: unknown[] | Queue };
	const waiting = Array.isArray(page.wooChat) ? page.wooChat : [];
	page.wooChat = {
		push: (...commands: unknown[]) => commands.forEach(run),
		open: () => chat.open(),
		close: () => chat.close(),
		send: (text: string) => chat.send(text),
	} as Queue;
	waiting.forEach(run);
}

// A page that carries the snippet twice gets one assistant.
if (script?.dataset.siteKey && !customElements.get("woo-chat")) {
	customElements.define("woo-chat", WooChat);
	if (document.body) start();
	else document.addEventListener("DOMContentLoaded", start);
}
