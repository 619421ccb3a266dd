// The wire types of the chat API and the contract between the two files of the widget.

/** Source is a page or product that an answer cites as [n]. */
export interface Source {
	title: string;
	url: string;
	n: number;
}

/** Card is a product as the shop has it; it comes from the shop's data, never from model text. */
export interface Card {
	id: string;
	title: string;
	url: string;
	image_url?: string;
	price?: { text?: string; regular_text?: string; on_sale?: boolean } | null;
	stock?: { status?: string; text?: string } | null;
	as_of?: string;
	sku?: string;
	attributes?: Record<string, string | string[]>;
}

/** Config is what the shop may set for its assistant; everything is optional. */
export interface Config {
	title?: string;
	greeting?: string;
	suggestions?: string[];
	limit_text?: string;
	accent?: string;
	contact_url?: string;
	assistant_note?: string;
}

/** Session is the answer of POST /api/chat/session. */
export interface Session {
	token: string;
	expires_at: string;
	visitor_id: string;
	conversation_id?: string;
	config?: Config;
}

/** Past is one finished exchange of GET /api/chat/history. */
export interface Past {
	id: string;
	question: string;
	answer: string;
	finish: string;
	notice?: string;
	sources?: Source[] | null;
	products?: Card[] | null;
}

/** Host is what the launcher offers to the panel: the custom element itself. */
export interface Host extends HTMLElement {
	readonly base: string;
	readonly siteKey: string;
	readonly options: DOMStringMap;
	readonly launcher: HTMLButtonElement;
	/** emit dispatches the DOM event "woo-chat:<name>". */
	emit(name: string, detail?: object): void;
	/** expanded tells the launcher whether the panel is shown. */
	expanded(open: boolean): void;
	/** accent takes the shop's colour unless the snippet set one. */
	accent(color: string | undefined): void;
}

/** Panel is what the panel file gives back to the launcher. */
export interface Panel {
	show(): void;
	hide(): void;
	send(text: string): void;
}
