/**
 * safeURL returns the absolute form of a link that a shopper may be sent to, or "" for anything else. Relative links are
 * taken from the shop's page. Only the protocols asked for pass; an address with a user name in it is refused, because
 * "https://shop.example@other.example" is made to be misread.
 */
export function safeURL(raw: unknown, protocols = "http: https: mailto:"): string {
	if (typeof raw !== "string" || !raw) return "";
	try {
		const url = new URL(raw, document.baseURI);
		return protocols.split(" ").includes(url.protocol) && !url.username && !url.password ? url.href : "";
	} catch {
		return "";
	}
}

/** point makes a link go to url: inside the shop in the same tab, elsewhere in a new one that knows nothing of us. */
export function point(a: HTMLAnchorElement, url: string): void {
	a.href = url;
	if (new URL(url).origin !== location.origin) {
		a.target = "_blank";
		a.rel = "noopener noreferrer";
	}
}

/**
 * pageURL is the shop page's address without what could be private: no fragment, and only the query parameters by which
 * WordPress finds a page (an order page carries its key in the query).
 */
export function pageURL(): string {
	const url = new URL(location.href);
	url.hash = "";
	for (const name of [...url.searchParams.keys()]) {
		if (!/^(p|page_id|post_type|product|product_cat|product_tag|s|lang|attribute_.*)$/.test(name)) url.searchParams.delete(name);
	}
	return url.href;
}
