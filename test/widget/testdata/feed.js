// Feeds the widget event streams without a network, in pieces of the test's choosing.
(() => {
	const real = window.fetch;
	let pieces = null;
	window.fetch = (url, init) => {
		if (!pieces || !String(url).endsWith("/api/chat/message")) return real(url, init);
		const left = pieces.slice();
		// One piece for one read: nothing may join them again.
		const body = new ReadableStream({ pull: (c) => (left.length ? c.enqueue(left.shift()) : c.close()) }, { highWaterMark: 0 });
		return Promise.resolve(new Response(body, { headers: { "Content-Type": "text/event-stream" } }));
	};
	const turn = () => new Promise((done) => setTimeout(done));
	const frame = (n, name, data) => `event: ${name}\nid: m:${n}\ndata: ${JSON.stringify(data)}\n\n`;

	/** feed asks a question, answers it with these pieces of bytes, and returns the answer's element. */
	globalThis.feed = async (...bytes) => {
		pieces = bytes;
		const before = happened.length;
		wooChat.send("question");
		while (!happened.slice(before).some((e) => e.name === "error" || e.role === "assistant")) await turn();
		while (!q(".stop").hidden) await turn();
		pieces = null;
		return qa(".turn").pop();
	};

	/** clear removes what was said, so that thousands of answers do not pile up. */
	globalThis.clear = () => qa(".turn").slice(1).forEach((t) => t.remove());

	/** cutEverywhere feeds one stream cut at every byte, and byte by byte; it returns what differed from the whole. */
	globalThis.cutEverywhere = async (text) => {
		const bytes = new TextEncoder().encode(text);
		const look = async (...parts) => {
			const html = (await feed(...parts)).outerHTML;
			clear();
			return html;
		};
		const whole = await look(bytes);
		const wrong = [];
		for (let i = 1; i < bytes.length; i++) {
			if ((await look(bytes.slice(0, i), bytes.slice(i))) !== whole) wrong.push(`cut at byte ${i}`);
		}
		if ((await look(...Array.from(bytes, (b) => Uint8Array.of(b)))) !== whole) wrong.push("byte by byte");
		return { whole, wrong, cuts: bytes.length };
	};

	/** answerOf is the event stream of a whole answer. */
	globalThis.answerOf = (text, sources, products) => {
		let s = frame(1, "message.start", { conversation_id: "c", message_id: "m" }) + frame(2, "delta", { text });
		if (sources) s += frame(3, "sources", sources);
		if (products) s += frame(4, "products", products);
		return new TextEncoder().encode(s + frame(5, "message.end", { finish: "stop" }));
	};

	const elements = new Set("A B BLOCKQUOTE BR BUTTON CODE DIV EM H3 HR I IMG LI OL P PATH PRE S SPAN STRONG SVG TABLE TD TH TIME TR UL".split(" "));
	const attributes = new Set(
		"alt aria-hidden aria-label aria-pressed class d datetime decoding dir height href loading part rel role src start tabindex target title type value viewBox width".split(" "),
	);

	/** alive names everything in an answer that could act: an element, attribute or address that must not be there. */
	globalThis.alive = (root) => {
		const found = [];
		for (const el of root.querySelectorAll("*")) {
			if (!elements.has(el.tagName.toUpperCase())) found.push("element " + el.tagName);
			for (const a of el.attributes) if (!attributes.has(a.name)) found.push(`${el.tagName} ${a.name}=${a.value}`);
			if (el.href !== undefined && el.hasAttribute("href") && (!/^(https?|mailto):/.test(el.href) || new URL(el.href).username)) found.push("link " + el.href);
			if (el.tagName === "IMG" && !(el.closest(".card-pic") && /^https?:/.test(el.src))) found.push("image " + el.src);
		}
		return found;
	};
})();
