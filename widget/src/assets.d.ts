// Style sheets are imported as minified text: build.sh maps these names to its own output.
declare module "woochat/*.css" {
	const text: string;
	export default text;
}

/** PANEL is the hashed file name of the panel; build.sh defines it when it bundles the launcher. */
declare const PANEL: string;
