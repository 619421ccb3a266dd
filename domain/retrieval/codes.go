package retrieval

import (
	"slices"
	"strings"
	"unicode"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// Codes returns all codes of a product, each once by its CodeKey: its own and its
// variations' SKUs and GTINs, and the values of attributes that are called a model,
// a part number, an MPN or the like.
func Codes(f catalog.Facts) []string {
	var out []string
	seen := make(map[string]bool)
	add := func(codes ...string) {
		for _, code := range codes {
			if key := CodeKey(code); key != "" && !seen[key] {
				seen[key] = true
				out = append(out, code)
			}
		}
	}
	add(f.SKUs...)
	add(f.GTINs...)
	for _, o := range f.Offers {
		add(o.SKU, o.GTIN)
	}
	add(modelCodes(f)...)
	return out
}

// modelCodes returns the values of attributes that are codes.
func modelCodes(f catalog.Facts) []string {
	var out []string
	of := func(as []catalog.Attribute) {
		for _, a := range as {
			name := namesCode(a.Name)
			for _, v := range a.Values {
				if v = strings.TrimSpace(v); name == codeName || name == modelName && spelledAsCode(v) {
					out = append(out, v)
				}
			}
		}
	}
	of(f.Attributes)
	for _, o := range f.Offers {
		of(o.Attributes)
	}
	return out
}

// codeKind says how much of a code an attribute's values are by its name.
type codeKind uint8

const (
	noCode    codeKind = iota
	modelName          // perhaps: iPhone 15, XR-200
	codeName           // always
)

// namesCode reports what the name of an attribute says.
func namesCode(name string) codeKind {
	switch attributeKey(name) {
	case "model", "modell", "modele", "modelo", "modello":
		return modelName
	case "mpn", "model number", "model no", "model nr", "model code", "part number", "part no", "part nr", "manufacturer part number", "manufacturer number",
		"manufacturer code", "item number", "item no", "article number", "article no", "product number", "product code", "reference", "reference number", "ref", "oem number",
		"modellnummer", "modell nr", "artikelnummer", "artikel nr", "teilenummer", "herstellernummer", "herstellerteilenummer", "bestellnummer", // German
		"reference fabricant", "reference produit", "numero de modele", "numero de piece", "code article", "code produit", // French
		"referencia", "numero de modelo", "numero de pieza", "numero de parte", "codigo de modelo", "codigo de producto", //nolint:misspell // Spanish
		"riferimento", "numero di modello", "numero modello", "codice modello", "codice articolo", "codice prodotto", "codice produttore", // Italian
		"modelnummer", "onderdeelnummer", "typenummer", "referentie": // Dutch; artikelnummer is German, too
		return codeName
	}
	return noCode
}

// spelledAsCode reports whether value is one run of characters with a digit, as
// only codes are. What has a blank in it is a name, such as that of a phone that a
// case is for.
func spelledAsCode(value string) bool {
	return strings.IndexFunc(value, unicode.IsDigit) >= 0 && strings.IndexFunc(value, unicode.IsSpace) < 0
}

// maxModel is how many products may share a model: what more have is a kind of
// thing, such as the phone that they all fit, and no code of one.
const maxModel = 3

// model is a code that stands in an attribute.
type model struct {
	code     string
	products int
}

// learnModels adds the codes among the attributes of a product.
func (v *Vocabulary) learnModels(f catalog.Facts) {
	codes := modelCodes(f)
	for i, code := range codes {
		key := CodeKey(code)
		if key == "" || slices.ContainsFunc(codes[:i], func(c string) bool { return CodeKey(c) == key }) {
			continue
		}
		m := v.models[key]
		if m.products == 0 {
			m.code = code
		}
		m.products++
		v.models[key] = m
	}
}

// code returns the code that is written so, as the shop writes it.
func (v Vocabulary) code(written string) (string, bool) {
	key := CodeKey(written)
	if code, ok := v.codes[key]; ok {
		return code, true
	}
	m := v.models[key]
	return m.code, m.products > 0 && m.products <= maxModel
}

// lacksCode reports whether the shop has nothing that is written so for a code, not
// even what many products have.
func (v Vocabulary) lacksCode(written string) bool {
	key := CodeKey(written)
	return key != "" && v.codes[key] == "" && v.models[key].products == 0
}
