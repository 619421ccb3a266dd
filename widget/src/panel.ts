// The panel: loaded when a shopper reaches for the launcher.
import css from "woochat/panel.css";
import { Api, Failure, locale, uuid } from "./api";
import { adopt, h, icon } from "./kit";
import { answer, messagePath, type Ask } from "./stream";
import { Answer, bubble } from "./turn";
import { pageURL, point, safeURL } from "./url";
import { trouble, words } from "./words";
import type { Host, Panel, Past } from "./types";

const FULLSCREEN = "(max-width: 480px)";

export default function mount(host: Host): Panel {
	const root = host.shadowRoot!;
	adopt(root, css);
	const api = new Api(host.base, host.siteKey);

	const title = h("h2", { id: "title" }, host.options.title || words.title);
	const subtitle = h("p", { class: "subtitle" }, words.subtitle);
	const greeting = bubble("shop", host.options.greeting || words.greeting);
	const suggestions = h("div", { class: "suggestions" });
	const earlier = h("div");
	const log = h("div", { class: "log", role: "log", "aria-live": "off", "aria-label": words.log, tabindex: 0 }, greeting, earlier, suggestions);
	// Announced once, when an answer is whole: a live region on streaming text would read every piece of it.
	const status = h("div", { class: "vh", role: "status" });
	const offline = h("div", { class: "offline", hidden: navigator.onLine }, words.offline);
	const input = h("textarea", { rows: 1, maxlength: 4000, placeholder: words.placeholder, "aria-label": words.placeholder, enterkeyhint: "send" });
	const grow = h("div", { class: "grow" }, input);
	const send = h("button", { type: "submit", class: "go", "aria-label": words.send, disabled: true }, icon("M12 20V5m-6 6 6-6 6 6"));
	const stop = h("button", { type: "button", class: "go stop", "aria-label": words.stop, hidden: true }, icon("M7 7h10v10H7z"));
	const close = h("button", { type: "button", class: "close", "aria-label": words.close }, icon("m6 6 12 12M18 6 6 18"));
	const form = h("form", null, grow, send, stop);
	const panel = h(
		"section",
		{ class: "panel", part: "panel", role: "dialog", "aria-labelledby": "title", hidden: true },
		h("div", { class: "head" }, h("div", null, title, subtitle), close),
		log,
		offline,
		form,
		status,
	);
	root.insertBefore(panel, host.launcher);

	let begun: Promise<void> | undefined;
	// The one answer that is being written, if any; halt asks the server to end it.
	let running: { halt(): void } | undefined;

	// --- scrolling: follow the text, but not past the last question, and not when the shopper reads elsewhere -------
	let following = true;
	let frame = 0;
	let question: HTMLElement | undefined;
	let put = 0;
	const goal = () => Math.min(log.scrollHeight - log.clientHeight, question ? question.offsetTop - 16 : Infinity);
	log.addEventListener("scroll", () => {
		// Our own scrolling says nothing about what the shopper wants.
		if (Math.abs(log.scrollTop - put) > 1) following = log.scrollTop > goal() - 48;
	});
	const follow = (force = false) => {
		following ||= force;
		if (!following || frame) return;
		frame = requestAnimationFrame(() => {
			frame = 0;
			if (following) log.scrollTop = goal();
			put = log.scrollTop;
		});
	};
	const add = (el: HTMLElement, where: HTMLElement = log) => {
		suggestions.remove();
		where.append(el);
	};
	const quote = (text: string, where?: HTMLElement) => add((question = bubble("me", text)), where);
	const announce = (text: string) => (status.textContent = text);

	// --- the session and what was said before ---------------------------------------------------------------------
	const begin = (): Promise<void> => (begun ??= open().catch((e) => ((begun = undefined), Promise.reject(e))));

	async function open(): Promise<void> {
		const known = api.conversation_;
		await api.session_();
		const c = api.config;
		host.accent(c.accent);
		title.textContent = host.options.title || c.title || words.title;
		greeting.querySelector("p")!.textContent = host.options.greeting || c.greeting || words.greeting;
		subtitle.textContent = c.assistant_note || words.subtitle;
		suggestions.replaceChildren(
			...(c.suggestions || []).slice(0, 4).map((text) => h("button", { type: "button", class: "chip", click: () => ask(text) }, text)),
		);
		if (known && known === api.conversation_) await recall(known).catch(() => {});
	}

	async function recall(conversation: string): Promise<void> {
		const res = await api.call_("/api/chat/history?conversation_id=" + encodeURIComponent(conversation));
		const past = ((await res.json()) as { data?: Past[] }).data || [];
		const asked = question;
		for (const p of past) {
			const open = !p.finish || p.finish === "running";
			if (open && !running) {
				// The shopper changed the page while this was being written: go on from its start.
				quote(p.question);
				void run({ key: "", body: "", id: p.id }, p.question);
				continue;
			}
			quote(p.question, earlier);
			const a = new Answer();
			a.delta_(p.answer);
			a.sources_(p.sources || []);
			a.products_(p.products || []);
			a.end_(open ? "length" : p.finish, p.notice);
			if (p.finish !== "failed") a.rating_((value) => rate(p.id, value));
			add(a.el, earlier);
		}
		question = asked || question;
		follow(true);
	}

	// --- asking ---------------------------------------------------------------------------------------------------
	function ask(text: string): void {
		text = text.trim();
		if (!text || running) return;
		quote(text);
		follow(true);
		void run(undefined, text);
	}

	async function run(given: Ask | undefined, text: string): Promise<void> {
		const line = new AbortController();
		const a = new Answer();
		let halted = false;
		let told = false;
		const tell = () => {
			if (told || !a.id) return;
			told = true;
			// The stream then ends by itself; if the server cannot be told or does not listen, nothing more is read.
			api.post_(messagePath(a.id, "stop")).catch(() => line.abort());
			setTimeout(() => line.abort(), 5e3);
		};
		a.id = given?.id || "";
		running = {
			halt() {
				halted = true;
				tell(); // or when the message has got its id
			},
		};
		busy(true);
		add(a.el);
		follow();
		let req = given;
		let finish = "";
		let notice = "";
		let failure: Failure | undefined;
		try {
			await begin();
			req ??= {
				key: uuid(),
				body: JSON.stringify({ conversation_id: api.conversation_, message: text, locale: locale(), page: { url: pageURL(), title: document.title } }),
			};
			if (!given) host.emit("message", { role: "visitor" });
			await answer(
				api,
				req,
				{
					start_(id, conversation) {
						a.id = id;
						if (conversation) api.conversation_ = conversation;
						if (halted) tell();
					},
					delta_(t) {
						a.delta_(t);
						follow();
					},
					sources_: (list) => a.sources_(list),
					products_: (list) => a.products_(list),
					end_(f, n) {
						finish = f;
						notice = n;
					},
				},
				line.signal,
			);
		} catch (e) {
			finish = "stopped";
			if (!halted) failure = e instanceof Failure ? e : new Failure("UNAVAILABLE");
		}
		running = undefined;
		busy(false);
		if (failure) failed(a, failure, text, req);
		else finished(a, finish, text, notice);
		follow();
	}

	function finished(a: Answer, finish: string, text: string, notice: string): void {
		a.end_(finish, notice);
		if (finish === "failed") again(a, undefined, text);
		else if (a.id) a.rating_((value) => rate(a.id, value));
		announce(words.assistant + " " + a.plain_);
		host.emit("message", { role: "assistant", id: a.id, conversation_id: api.conversation_, finish });
	}

	function failed(a: Answer, f: Failure, text: string, req: Ask | undefined): void {
		a.end_("");
		if (f.code === "USAGE_LIMIT_EXCEEDED") {
			const own = api.config.limit_text || (typeof f.details.text === "string" && f.details.text) || words.limit;
			const said = bubble("shop", own);
			const contact = safeURL(api.config.contact_url);
			if (contact) {
				const a = h("a", null, words.contact);
				point(a, contact);
				said.lastChild!.appendChild(h("p", null, a));
			}
			a.el.replaceWith(said);
			announce(own);
			host.emit("limit", { exceeded: f.details.exceeded, reset_at: f.details.reset_at });
			return;
		}
		const said = trouble(f);
		a.note_(said);
		// The same key again, so that a message that did get through is not answered (and paid) twice. Once the server
		// itself has closed it, that key would only bring back the failure.
		again(a, f.ended_ || f.code === "IDEMPOTENCY_MISMATCH" ? undefined : req, text);
		announce(said);
		host.emit("error", { code: f.code });
	}

	function again(a: Answer, req: Ask | undefined, text: string): void {
		const button = h("button", { type: "button", class: "retry" }, words.retry);
		button.addEventListener("click", () => {
			if (running) return;
			a.el.remove();
			void run(req, text);
			input.focus();
		});
		a.more_.append(button);
	}

	async function rate(id: string, rating: number): Promise<boolean> {
		try {
			await api.post_("/api/chat/feedback", { message_id: id, rating });
			announce(words.thanks);
			return true;
		} catch {
			return false;
		}
	}

	// --- the form -------------------------------------------------------------------------------------------------
	function busy(on: boolean): void {
		const focused = root.activeElement === stop || root.activeElement === send;
		send.hidden = on;
		stop.hidden = !on;
		log.setAttribute("aria-busy", String(on));
		typed();
		if (focused) input.focus();
	}

	function typed(): void {
		// The hidden copy of the text in .grow gives the field its height; no style attribute is needed.
		grow.dataset.text = input.value + "\n";
		send.disabled = !input.value.trim();
	}

	function submit(): void {
		if (running || !input.value.trim()) return;
		const text = input.value;
		input.value = "";
		typed();
		ask(text);
	}

	input.addEventListener("input", typed);
	const enter = (e: KeyboardEvent) => {
		// While an input method composes, Enter chooses a word (229: Safari says so after the composition has ended).
		if (e.key === "Enter" && !e.shiftKey && !e.isComposing && e.keyCode !== 229) {
			e.preventDefault();
			submit();
		}
	};
	input.addEventListener("keydown", enter);
	// Assistive tools may send the character on its own.
	input.addEventListener("keypress", enter);
	form.addEventListener("submit", (e) => {
		e.preventDefault();
		submit();
	});
	// The second click of a double click on Send must not stop what the first one began.
	stop.addEventListener("click", (e) => e.detail < 2 && running?.halt());
	close.addEventListener("click", () => hide());

	// --- keys and the connection ----------------------------------------------------------------------------------
	panel.addEventListener("keydown", (e) => {
		if (e.key === "Escape" && !e.isComposing) hide();
	});
	// The shop's own keyboard shortcuts must not fire while somebody types here.
	for (const type of ["keydown", "keypress", "keyup"]) panel.addEventListener(type, (e) => e.stopPropagation());
	addEventListener("offline", () => (offline.hidden = false));
	addEventListener("online", () => (offline.hidden = true));

	// --- the panel ------------------------------------------------------------------------------------------------
	let behind: HTMLElement[] = [];

	function show(): void {
		if (panel.hidden) {
			panel.hidden = false;
			// On a phone it covers the page: nothing behind it may be reached by keyboard or screen reader.
			if (matchMedia(FULLSCREEN).matches) {
				panel.ariaModal = "true";
				behind = [...document.body.children].filter((el) => el !== host && el instanceof HTMLElement && !el.inert) as HTMLElement[];
			}
			behind.forEach((el) => (el.inert = true));
			host.expanded(true);
			follow(true);
			// A failure here shows when a question is asked: an open panel with a greeting is no place for an error.
			begin().catch(() => {});
		}
		input.focus();
	}

	function hide(): void {
		if (panel.hidden) return;
		panel.hidden = true;
		panel.ariaModal = null;
		behind.forEach((el) => (el.inert = false));
		behind = [];
		host.expanded(false);
		host.launcher.focus();
	}

	return { show, hide, send: ask };
}
