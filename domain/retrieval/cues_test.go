package retrieval_test

import (
	"slices"
	"testing"

	"github.com/aiwoochat/woochat/domain/retrieval"
)

// understood holds questions to what shop() makes of them.
func understood(t *testing.T, v retrieval.Vocabulary, cases [][2]string) {
	t.Helper()
	for _, c := range cases {
		if u := retrieval.Understand(c[0], v); show(u) != c[1] {
			t.Errorf("%q:\n got %s\nwant %s\n because %q", c[0], show(u), c[1], u.Because)
		}
	}
}

func TestAmountsInManyWords(t *testing.T) {
	understood(t, shop(), [][2]string{
		// Behind the amount.
		{"jackets 30 max", "<=30.00 category=Jackets"},
		{"jackets, 30 euros tops", "<=30.00 category=Jackets"},
		{"jackets 30 at most", "<=30.00 category=Jackets"},
		{"jackets 30 and up", ">=30.00 category=Jackets"},
		{"jackets from 30 euros upwards", ">=30.00 category=Jackets"},
		{"jackets 250+ euros", ">=250.00 category=Jackets"},
		// What is denied.
		{"jackets that don't cost more than 30 euros", "<=30.00 category=Jackets"},
		{"I can't spend more than 30 on jackets", "<=30.00 category=Jackets"},
		{"jackets not more expensive than 30", "<=30.00 category=Jackets"},
		{"jackets no less than 30", ">=30.00 category=Jackets"},
		{"jackets not exceeding €30", "<=30.00 category=Jackets"},
		// Ranges.
		{"jackets between 20 & 40", ">=20.00 <=40.00 category=Jackets"},
		{"jackets 20..40 euros", ">=20.00 <=40.00 category=Jackets"},
		{"jackets, price range: 20 to 40", ">=20.00 <=40.00 category=Jackets"},
		{"budget 20-40 for jackets", ">=20.00 <=40.00 category=Jackets"},
		{"shoes size 42 up to 110 €", "<=110.00 pa_size=42 category=Shoes"},
		// Of whom it is for, and how old.
		{"jackets for women under 100", "<100.00 category=Jackets pages"},
		{"jackets for men below 30", "<30.00 category=Jackets pages"},
		{"jackets for 3 people under 350", "<350.00 Persons=3 category=Jackets"},
		{"jackets for women between 20 and 40", ">=20.00 <=40.00 category=Jackets pages"},
		{"jackets for kids under 12", "pages"},
		{"jackets for kids between 6 and 12", "pages"},
		{"jackets for kids under 40", "<40.00 category=Jackets pages"},
		{"jackets for men over 50", "pages"},
		{"Jacken für Damen unter 100", "<100.00 pages"},
		// A number of something else.
		{"jackets from 50", ">=50.00 category=Jackets"},
		{"shoes from 42", "pages"},
		{"jackets within 30 days", "pages"},
		{"something with more than 2 colours", "pages"},
		{"jackets under ¥30", "pages"},
	})
}

func TestAmountsInOtherLanguages(t *testing.T) {
	for language, questions := range map[string][]string{
		"<30.00":          {"unter 30 Euro", "weniger als 30 €", "moins de 30 euros", "à moins de 30 €", "menos de 30 €", "por menos de 30 euros", "meno di 30 euro", "sotto i 30 €", "onder de 30 euro", "voor minder dan € 30"},
		"<=30.00":         {"bis 30 Euro", "höchstens 30 €", "nicht mehr als 30 €", "jusqu'à 30 €", "pas plus de 30 €", "30 € maximum", "hasta 30 €", "no más de 30 €", "como maximo 30 €", "fino a 30 €", "non più di 30 €", "al massimo 30 €", "tot 30 €", "niet meer dan 30 €", "maximaal 30 €"},
		">=30.01":         {"über 30 €", "plus de 30 €", "más de 30 €", "mas de 30 €", "più di 30 €", "meer dan 30 €", "boven de 30 €"},
		">=30.00":         {"ab 30 €", "mindestens 30 €", "à partir de 30 €", "au moins 30 €", "desde 30 €", "al menos 30 €", "a partire da 30 €", "da 30 € in su", "vanaf 30 €", "minstens 30 €"},
		">=20.00 <=40.00": {"zwischen 20 und 40 Euro", "von 20 bis 40 €", "entre 20 et 40 €", "de 20 à 40 €", "entre 20 y 40 €", "desde 20 hasta 40 €", "tra 20 e 40 €", "da 20 a 40 €", "tussen de 20 en 40 €", "van 20 tot 40 €"},
	} {
		for _, q := range questions {
			understood(t, shop(), [][2]string{{q, language}})
		}
	}
}

func TestNumbersInWords(t *testing.T) {
	understood(t, shop(), [][2]string{
		{"jackets under thirty euros", "<30.00 category=Jackets"},
		{"jackets for less than a hundred", "<100.00 category=Jackets"},
		{"jackets under one hundred and twenty-five euros", "<125.00 category=Jackets"},
		{"jackets for twenty to forty euros", ">=20.00 <=40.00 category=Jackets"},
		{"unter fünfundzwanzig Euro", "<25.00"},
		{"moins de trente euros", "<30.00"},
		{"menos de treinta euros", "<30.00"},
		{"meno di trenta euro", "<30.00"},
		{"minder dan dertig euro", "<30.00"},
		{"two jackets", "pages"},
		{"the one jacket for ten years", "pages"},
	})
	if u := retrieval.Understand("six jackets for one man", shop()); u.Text != "six jackets for one man" {
		t.Errorf("numbers that count nothing are written anew: %q", u.Text)
	}
}

func TestWishesInManyWords(t *testing.T) {
	understood(t, shop(), [][2]string{
		{"jackets that are not sold out", "stock category=Jackets"},
		{"jackets that can ship now", "stock category=Jackets pages"},
		{"jackets that are out of stock", "pages"},
		{"jackets with a discount", "sale category=Jackets"},
		{"any deals on jackets", "sale category=Jackets"},
		{"jackets cheapest first", "category=Jackets cheapest"},
		{"jackets with the highest price", "category=Jackets dearest"},
		{"jackets, any colour but blue", "category=Jackets -blue"},
		{"jackets w/o wool", "category=Jackets -wool"},
		{"I wear 42, which shoes do you have", "pa_size=42 category=Shoes"},
		{"extra large jackets", "Size=Extra Large category=Jackets"},
		{"either 500 ml or 0.75 l", "Volume=500 ml|0.75 l"},
	})
}

// laden is a shop in German whose words bend.
func laden() retrieval.Vocabulary {
	var v retrieval.Vocabulary
	f := shopFacts("Jacken", "Farbe", "Rot", "Türkis")
	f.Attributes = append(f.Attributes, attribute("Größe", "42", "L"), attribute("Material", "Leinen"))
	v.Add("Sturmjacke", f)
	return v.For("de")
}

func TestOtherFormsAreFilters(t *testing.T) {
	understood(t, laden(), [][2]string{
		{"rote Jacken", "Farbe=Rot category=Jacken"},
		{"eine türkise Jacke", "Farbe=Türkis category=Jacken"},
		{"Jacken in Größe 42, die auf Lager sind", "stock Größe=42 category=Jacken"},
		{"Jacken Gr. L ohne Leinen", "Größe=L category=Jacken -leinen"},
		{"was sind die günstigsten roten Jacken?", "Farbe=Rot category=Jacken cheapest"},
		{"habt ihr Jacken, die nicht mehr als 50 Euro kosten?", "<=50.00 category=Jacken"},
	})
	// In a shop and for a shopper of another language the same words are no others' forms.
	if u := retrieval.Understand("rote Jacken", laden().For("en")); show(u) == "Farbe=Rot category=Jacken" {
		t.Error("English has German forms")
	}
}

func TestWishesInOtherLanguages(t *testing.T) {
	for _, c := range []struct{ language, category, colour, value, question, want string }{
		{"fr", "Chemises", "Couleur", "Vert", "avez-vous des chemises vertes en stock ?", "stock Couleur=Vert category=Chemises"},
		{"fr", "Chemises", "Couleur", "Vert", "les chemises les moins chères sans vert", "category=Chemises -vert cheapest"},
		{"es", "Camisas", "Color", "Rojo", "busco camisas rojas rebajadas", "sale Color=Rojo category=Camisas"},
		{"es", "Camisas", "Color", "Rojo", "las camisas más caras", "category=Camisas dearest"},
		{"it", "Camicie", "Colore", "Rosso", "camicie rosse scontate", "sale Colore=Rosso category=Camicie"},
		{"it", "Camicie", "Colore", "Rosso", "le camicie più economiche", "category=Camicie cheapest"},
		{"nl", "Overhemden", "Kleur", "Rood", "rode overhemden op voorraad", "stock Kleur=Rood category=Overhemden"},
		{"nl", "Overhemden", "Kleur", "Rood", "goedkoopste overhemden zonder rood", "category=Overhemden -rood cheapest"},
	} {
		var v retrieval.Vocabulary
		v.Add("", shopFacts(c.category, c.colour, c.value))
		if u := retrieval.Understand(c.question, v.For(c.language)); show(u) != c.want {
			// The order is told before what is left out.
			t.Errorf("%q:\n got %s\nwant %s\n because %q", c.question, show(u), c.want, u.Because)
		}
	}
}

// A Dutch "door" says nothing, and an English one does.
func TestFillersAreOfTheirLanguage(t *testing.T) {
	var v retrieval.Vocabulary
	v.Add("", shopFacts("Mats", "Colour", "Red"))
	for _, w := range []string{"door", "van", "hay", "fur"} { // Dutch, Spanish, and German without its accent
		if u := retrieval.Understand("cheapest red "+w+" mats", v); u.Open != w {
			t.Errorf("an English %s: left to order by %q", w, u.Open)
		}
	}
	if u := retrieval.Understand("ik zoek de goedkoopste mats", v); u.Open != "" || !slices.Equal(u.Filter.Categories, []string{"Mats"}) {
		t.Errorf("Dutch: left to order by %q, categories %q", u.Open, u.Filter.Categories)
	}
}

// What a thing is for is not what it is like.
func TestPurposes(t *testing.T) {
	understood(t, shop(), [][2]string{
		{"wax for leather boots", "pages"},
		{"a cover for blue jackets under 30", "<30.00 pages"},
		{"red cover for blue jackets", "Colour=Red pages"},
		{"laces for size 42", "pa_size=42 pages"},
		{"laces for boots in red", "Colour=Red pages"},
		{"looking for blue jackets", "Colour=Blue|Navy Blue category=Jackets"},
		{"any options for blue jackets", "Colour=Blue|Navy Blue category=Jackets"},
		{"something for leather", "Material=Leather"},
		{"how do I clean leather jackets", "pages"},
		{"how can I find blue jackets", "Colour=Blue|Navy Blue category=Jackets"},
	})
}

func TestSpelledOnTheOtherSide(t *testing.T) {
	var v retrieval.Vocabulary
	v.Add("", shopFacts("Mats", "Colour", "Grey"))
	understood(t, v, [][2]string{{"gray mats", "Colour=Grey category=Mats"}})
}
