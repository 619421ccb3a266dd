// Every sentence of the widget, in one place.
import type { Failure } from "./api";

export const words = {
	title: "Chat with us",
	subtitle: "AI assistant",
	greeting: "Hello! Ask me about our products, delivery or returns.",
	placeholder: "Ask a question",
	log: "Conversation",
	close: "Close chat",
	send: "Send",
	stop: "Stop answering",
	retry: "Try again",
	good: "Good answer",
	bad: "Bad answer",
	thanks: "Thank you for the feedback.",
	sources: "Sources",
	products: "Products",
	you: "You said:",
	assistant: "Assistant said:",
	offline: "You are offline. Messages can be sent when the connection is back.",
	contact: "Contact us",
	limit: "Our assistant has answered all it can for today. Please contact the shop directly.",
};

/** notes says what a shopper should know about an answer, by its finish and its notice; a complete one needs none. */
export const notes: Record<string, string> = {
	truncated: "This answer was cut short.",
	length: "This answer was cut short.",
	filtered: "Part of this answer was withheld by a safety filter.",
	stopped: "You stopped this answer.",
	failed: "This answer could not be completed.",
	quoted: "This answer quotes the shop's own pages.",
};

/** trouble puts a failure into a shopper's words. */
export function trouble(f: Failure): string {
	switch (f.code) {
		case "NETWORK":
			return navigator.onLine ? "The connection was lost." : "You are offline.";
		case "RATE_LIMITED":
			return `That was a lot at once. Please try again in ${f.wait_ || "a few"} seconds.`;
		case "INVALID_REQUEST":
			return "This message could not be read. Please put it differently.";
		default:
			return /^(LICENSE|ORIGIN|UNAUTH)/.test(f.code) ? "The assistant is not available right now." : "Something went wrong on our side.";
	}
}
