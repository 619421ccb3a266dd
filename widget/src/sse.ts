/** Frame is one server-sent event. id is the last id seen, as the specification of EventSource has it. */
export interface Frame {
	event: string;
	data: string;
	id: string;
}

/**
 * sseParser returns a function that takes text in pieces, cut anywhere, and hands out whole frames. Lines end with LF, CR
 * or CRLF; an event that the end of the stream cut short is never handed out
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation).
 */
export function sseParser(out: (frame: Frame) => void): (piece: string) => void {
	let rest = "";
	let afterCR = false;
	let event = "";
	let data: string[] = [];
	let id = "";

	const line = (text: string) => {
		if (!text) {
			if (data.length) out({ event: event || "message", data: data.join("\n"), id });
			event = "";
			data = [];
			return;
		}
		const colon = text.indexOf(":");
		const field = colon < 0 ? text : text.slice(0, colon);
		const value = colon < 0 ? "" : text.slice(text[colon + 1] === " " ? colon + 2 : colon + 1);
		if (field === "data") data.push(value);
		else if (field === "event") event = value;
		else if (field === "id" && !value.includes("\0")) id = value;
	};

	return (piece) => {
		if (!piece) return;
		// The CR that ended the last piece ended its line; an LF that follows belongs to it.
		if (afterCR && piece[0] === "\n") piece = piece.slice(1);
		afterCR = false;
		const text = rest + piece;
		const eol = /\r\n|\r|\n/g;
		eol.lastIndex = rest.length;
		let start = 0;
		for (let m; (m = eol.exec(text)); start = eol.lastIndex) line(text.slice(start, m.index));
		afterCR = text.endsWith("\r");
		rest = text.slice(start);
	};
}

/** frames reads a response body; it ends, too, when nothing came for stall milliseconds, not even a heartbeat. */
export async function* frames(body: ReadableStream<Uint8Array>, stall: number): AsyncGenerator<Frame> {
	const reader = body.getReader();
	const decoder = new TextDecoder();
	const ready: Frame[] = [];
	const parse = sseParser((frame) => ready.push(frame));
	try {
		for (;;) {
			const timer = setTimeout(() => reader.cancel(), stall);
			const { done, value } = await reader.read().finally(() => clearTimeout(timer));
			if (done) return;
			parse(decoder.decode(value, { stream: true }));
			yield* ready.splice(0);
		}
	} finally {
		reader.cancel().catch(() => {});
	}
}
