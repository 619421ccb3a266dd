import { Failure, failure, type Api } from "./api";
import { frames } from "./sse";
import type { Card, Source } from "./types";

/** Sink takes an answer as it comes; each piece exactly once, in order, whatever the line did. */
export interface Sink {
	start_(messageID: string, conversationID: string): void;
	delta_(text: string): void;
	sources_(list: Source[]): void;
	products_(list: Card[]): void;
	end_(finish: string, notice: string): void;
}

/** Ask is a message to send, or with id one that already runs. The body must not change between tries of one key. */
export interface Ask {
	key: string;
	body: string;
	id?: string;
}

/** messagePath is the address of something about one message. */
export const messagePath = (id: string, what: string) => `/api/chat/messages/${encodeURIComponent(id)}/${what}`;

const TRIES = 5;
// The server sends a heartbeat each 15 s: three missed ones mean that the line is dead.
const STALL = 45e3;

/** answer runs one message to its end and resumes it when the line breaks. It throws a Failure, or nothing. */
export async function answer(api: Api, ask: Ask, sink: Sink, signal: AbortSignal): Promise<void> {
	let last = "";
	let seen = 0;
	let tries = 0;
	for (;;) {
		try {
			const res = ask.id
				? await api.call_(messagePath(ask.id, "events"), {
						headers: { Accept: "text/event-stream", ...(last && { "Last-Event-ID": last }) },
						signal,
					})
				: await api.call_("/api/chat/message", {
						method: "POST",
						body: ask.body,
						headers: { Accept: "text/event-stream", "Idempotency-Key": ask.key },
						signal,
					});
			for await (const frame of frames(res.body!, STALL)) {
				// Ids are message:number. A server that replays from the start must not make the text appear twice.
				const n = Number(frame.id.split(":").pop()) || 0;
				if (n && n <= seen) continue;
				seen = n || seen;
				last = frame.id;
				const data = JSON.parse(frame.data);
				tries = 0;
				switch (frame.event) {
					case "message.start":
						ask.id = data.message_id;
						sink.start_(data.message_id, data.conversation_id);
						break;
					case "delta":
						sink.delta_(String(data.text ?? ""));
						break;
					case "sources":
						sink.sources_(data || []);
						break;
					case "products":
						sink.products_(data || []);
						break;
					case "message.end":
						sink.end_(data.finish, data.notice);
						return;
					case "error":
						throw failure(data, 0, 0, true);
				}
			}
			throw new Failure("NETWORK");
		} catch (e) {
			if (signal.aborted) throw new Failure("ABORTED");
			const f = e instanceof Failure ? e : new Failure("NETWORK");
			// The first try of this key got through, only its reply was lost: join it.
			const running = f.details.message_id;
			if (f.code === "IDEMPOTENCY_IN_PROGRESS" && !ask.id && typeof running === "string") {
				ask.id = running;
				continue;
			}
			const final = f.ended_ || (f.status >= 400 && f.status < 500 && f.status !== 429);
			// Without an id the message itself is sent again: its key makes that safe.
			if (final || (!ask.id && f.code !== "NETWORK") || ++tries > (ask.id ? TRIES : 2)) throw f;
			await new Promise((go) => {
				setTimeout(go, Math.max(f.wait_ * 1e3, 150 * 2 ** tries));
				addEventListener("online", go, { once: true });
			});
		}
	}
}
