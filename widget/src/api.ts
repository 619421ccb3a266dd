import { pageURL } from "./url";
import type { Config, Session } from "./types";

/** Failure is any request that gave no answer: a refusal of the API (code as it names it), or NETWORK. */
export class Failure extends Error {
	constructor(
		readonly code: string,
		readonly details: Record<string, unknown> = {},
		readonly status = 0,
		readonly wait_ = 0,
		/** ended: the server has closed this message, so its idempotency key would only replay the failure. */
		readonly ended_ = false,
	) {
		super(code);
	}
}

/** failure reads the error envelope {"error":{code,details}} of a body or an event. */
export function failure(body: unknown, status = 0, wait = 0, ended = false): Failure {
	const error = (body as { error?: { code?: string; details?: Record<string, unknown>; message?: string; request_id?: string } } | null)?.error;
	// For whoever runs the shop; shoppers see plain words. (window: the build drops the parser's own use of console.)
	window.console.warn("woo-chat:", status, error?.code, error?.message, error?.request_id);
	return new Failure(error?.code || "UNAVAILABLE", error?.details || {}, status, wait, ended);
}

/** locale is the language of the shop's page. */
export const locale = () => document.documentElement.lang || navigator.language;

/** uuid is a random UUID (RFC 9562, version 4). crypto.randomUUID exists on https pages only, and not all shops are. */
export function uuid(): string {
	const b = crypto.getRandomValues(new Uint8Array(16));
	b[6] = (b[6] & 15) | 64;
	b[8] = (b[8] & 63) | 128;
	const hex = Array.from(b, (x) => x.toString(16).padStart(2, "0")).join("");
	return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/**
 * Api keeps visitor, token and conversation in the tab's storage, so that they last from page to page: the server knows
 * a visitor again by the old token only. (Members that end in _ never leave the panel: the build shortens their names.)
 */
export class Api {
	config: Config = {};
	private expires_ = 0;
	private pending_?: Promise<void>;
	private kept_: { visitor?: string; token?: string; conversation?: string } = {};
	private readonly slot_: string;

	constructor(
		private readonly base_: string,
		private readonly siteKey_: string,
	) {
		this.slot_ = "woo-chat:" + siteKey_;
		try {
			this.kept_ = JSON.parse(sessionStorage.getItem(this.slot_) || "{}") || {};
		} catch {
			// Storage may be blocked: the conversation then lasts as long as the page.
		}
	}

	get conversation_(): string | undefined {
		return this.kept_.conversation;
	}

	set conversation_(id: string | undefined) {
		this.keep_({ ...this.kept_, conversation: id });
	}

	private keep_(kept: typeof this.kept_): void {
		this.kept_ = kept;
		try {
			sessionStorage.setItem(this.slot_, JSON.stringify(kept));
		} catch {
			// See the constructor.
		}
	}

	/** session opens or renews the visitor's session; calls at the same time share one request. */
	session_(): Promise<void> {
		return (this.pending_ ??= this.renew_().finally(() => (this.pending_ = undefined)));
	}

	private async renew_(): Promise<void> {
		const body = {
			site_key: this.siteKey_,
			page_url: pageURL(),
			locale: locale(),
			visitor_id: this.kept_.visitor,
		};
		const ask = (token?: string) => this.fetch_("/api/chat/session", { method: "POST", body: JSON.stringify(body) }, token);
		let res: Response;
		try {
			res = await ask(this.kept_.token);
		} catch (e) {
			// The old token may be too old to renew: start anew as the same visitor.
			if (!this.kept_.token || (e as Failure).status !== 401) throw e;
			res = await ask();
		}
		const s = (await res.json().catch(() => null)) as Session | null;
		if (!s?.token) throw failure(s, res.status);
		this.expires_ = Date.parse(s.expires_at) || Date.now() + 6e5;
		this.config = s.config || {};
		// Another visitor (the token was too old) cannot read this one's conversation.
		const conversation = this.kept_.visitor === s.visitor_id ? this.kept_.conversation : undefined;
		this.keep_({ visitor: s.visitor_id, token: s.token, conversation });
	}

	/** call sends one request with a valid token: renewed a minute before it expires, and once on 401. */
	async call_(path: string, init: RequestInit = {}): Promise<Response> {
		if (this.expires_ - Date.now() < 6e4) await this.session_();
		try {
			return await this.fetch_(path, init, this.kept_.token);
		} catch (e) {
			if ((e as Failure).status !== 401) throw e;
			await this.session_();
			return this.fetch_(path, init, this.kept_.token);
		}
	}

	/** post sends a small JSON body. */
	post_(path: string, body?: object): Promise<Response> {
		return this.call_(path, { method: "POST", body: body && JSON.stringify(body) });
	}

	private async fetch_(path: string, init: RequestInit, token?: string): Promise<Response> {
		const headers: Record<string, string> = { ...(init.headers as Record<string, string>) };
		if (init.body) headers["Content-Type"] = "application/json";
		if (token) headers.Authorization = "Bearer " + token;
		let res: Response;
		try {
			res = await fetch(this.base_ + path, { ...init, headers, credentials: "omit", cache: "no-store" });
		} catch {
			throw new Failure("NETWORK");
		}
		if (!res.ok) throw failure(await res.json().catch(() => null), res.status, Number(res.headers.get("Retry-After")) || 0);
		return res;
	}
}
