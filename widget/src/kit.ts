// The launcher has these helpers already: the panel takes them from it instead of carrying them a second time.
import type * as dom from "./dom";

export const { h, icon, adopt } = (customElements.get("woo-chat") as unknown as { kit: typeof dom }).kit;
