package widget_test

import (
	"strings"
	"time"
)

// shopPage is a product page of a small shop, with theme CSS as themes have it: broad, and with !important.
func shopPage(api, attributes string) string {
	return strings.NewReplacer("{{api}}", api, "{{attributes}}", attributes).Replace(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Stoneware mug, sand - Harbour Pottery</title>
<style>
html { font-size: 62.5%; }
body { margin: 0; font: 1.7rem/1.6 Georgia, serif; color: #2d2a26; background: #fbf8f3; }
button, .button, input, textarea, select { background: #b5502f !important; color: #fff !important; border-radius: 0 !important; text-transform: uppercase !important; letter-spacing: .1em; padding: 1.2rem 2.4rem !important; width: auto; border: 0; }
a { color: #b5502f; text-decoration: none; }
p { margin: 0 0 2.4rem; }
h1, h2, h3 { font-weight: 400; line-height: 1.2; text-transform: uppercase; }
ul, ol { list-style: square; }
svg { width: 100px !important; fill: red; }
header.site { display: flex; gap: 3.2rem; align-items: center; padding: 2.2rem 5vw; border-bottom: 1px solid #e6dfd4; background: #fff; }
header.site b { font-size: 2.4rem; letter-spacing: .02em; margin-right: auto; }
main { display: grid; grid-template-columns: minmax(0, 1.1fr) minmax(0, 1fr); gap: 5vw; padding: 4vw 5vw; max-width: 1180px; }
main img { width: 100%; border-radius: 6px; display: block; }
h1 { margin: 0 0 .8rem; font-size: 3.4rem; text-transform: none; }
.price { font-size: 2.2rem; } .price del { color: #75695c; margin-right: .6rem; }
@media (max-width: 700px) { main { grid-template-columns: 1fr; } header.site nav { display: none; } }
</style>
</head>
<body>
<header class="site"><b>Harbour Pottery</b><nav><a href="/tableware">Tableware</a> &nbsp; <a href="/vases">Vases</a> &nbsp; <a href="/about">About us</a></nav></header>
<main>
<div><img src="/hero.svg" alt="A sand-coloured mug on a wooden table"></div>
<div>
<h1>Stoneware mug, sand</h1>
<p class="price"><del>&euro;24.00</del> &euro;18.00</p>
<p>Thrown by hand from speckled stoneware and glazed in a soft sand tone. Each one is a little different, and each one holds 300 ml.</p>
<p><button type="button">Add to basket</button></p>
<p>Dishwasher and microwave safe. Ships within two days.</p>
</div>
</main>
<script async src="{{api}}/w.js" {{attributes}}></script>
</body>
</html>`)
}

// picture draws the shop's pictures.
func picture(path string) string {
	if path == "/jug.svg" {
		return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200"><rect width="200" height="200" fill="#dfe6e4"/><path d="M70 50h60l10 20-8 84q-2 10-12 10H80q-10 0-12-10l-8-84z" fill="#5f8a8b"/><path d="M139 78q34 4 24 40-6 22-28 22" fill="none" stroke="#5f8a8b" stroke-width="10"/></svg>`
	}
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200"><rect width="200" height="200" fill="#efe5d6"/><rect y="150" width="200" height="50" fill="#c9a27c"/><path d="M60 66h70v82q0 12-12 12H72q-12 0-12-12z" fill="#d9bd94"/><ellipse cx="95" cy="66" rx="35" ry="8" fill="#b9986b"/><path d="M130 84q32 0 30 26-2 24-30 24" fill="none" stroke="#d9bd94" stroke-width="10"/></svg>`
}

// What the scripted assistant knows.
const answerText = "Yes! The **sand mug** is dishwasher safe and holds 300 ml [1]. We ship within two days; delivery is free above €50 [2].\n\n- Stoneware, glazed by hand\n- Also safe in the microwave\n\nHere are two that match:"

func answerSources() []any {
	return []any{
		map[string]any{"n": 1, "title": "Stoneware mug, sand", "url": "/product/mug-sand"},
		map[string]any{"n": 2, "title": "Shipping and delivery", "url": "/shipping"},
	}
}

func answerProducts() []any {
	return []any{
		map[string]any{
			"id": "101", "title": "Stoneware mug, sand", "url": "/product/mug-sand", "image_url": "/mug.svg", "sku": "MUG-300-S",
			"price":      map[string]any{"text": "€18.00", "regular_text": "€24.00", "on_sale": true, "amount": "18.00", "currency": "EUR"},
			"stock":      map[string]any{"status": "instock", "text": "In stock"},
			"attributes": map[string]any{"Colour": []string{"Sand", "Grey"}, "Volume": []string{"300 ml"}},
			"as_of":      time.Now().Format(time.RFC3339),
		},
		map[string]any{
			"id": "102", "title": "Stoneware jug, sea green, with a name that needs two lines", "url": "/product/jug", "image_url": "/jug.svg", "sku": "JUG-900-G",
			"price":      map[string]any{"text": "€42.00", "regular_text": "€42.00", "on_sale": false, "amount": "42.00", "currency": "EUR"},
			"stock":      map[string]any{"status": "onbackorder", "text": "Back on 3 December"},
			"attributes": map[string]any{"Colour": []string{"Sea green"}},
		},
	}
}
