package eval_test

// kind is a category of a made-up shop. Its noun is what one of its things is
// called.
type kind struct{ name, noun string }

// hue is a colour as the field has it, and as it stands before or after what is
// coloured.
type hue struct{ name, bent string }

// lingo is how the shops and the shoppers of a language speak. In phrases, $ is
// an amount with its sign, and # the second of a range; % is a word of the shop.
type lingo struct {
	language, currency string
	signs              []string // with @ for the number
	comma              bool     // decimals after a comma
	kinds              []kind
	colour             string
	hues               []hue
	size, material     string
	materials          []string
	after              bool // the colour stands behind the thing
	frames             []string
	under, upTo        []string
	over, from         []string
	between            []string
	stock, sale        []string
	without, inColour  []string
	inSize             []string
	cheapest, dearest  []string // with % for the category
}

// lingos are the six languages of the stems.
var lingos = []lingo{
	{
		language: "en", currency: "USD", signs: []string{"$@", "$ @", "@$", "@ dollars", "@ USD", "USD @", "@"},
		kinds:  []kind{{"Lamps", "lamp"}, {"Curtains", "curtain"}, {"Rugs", "rug"}, {"Armchairs", "armchair"}, {"Vases & Bowls", "vase"}, {"Shirts", "shirt"}},
		colour: "Colour", hues: []hue{{"Teal", "teal"}, {"Black", "black"}, {"Ivory", "ivory"}, {"Dark Red", "dark red"}, {"Olive", "olive"}},
		size: "Size", material: "Material", materials: []string{"Linen", "Oak", "Ceramic", "Cotton"},
		frames:   []string{"%", "%?", "do you have %?", "show me %", "I'm looking for %", "hi, any % please", "got %", "we need %", "which % do you have"},
		under:    []string{"under $", "below $", "for less than $", "cheaper than $", "that cost less than $", "less than $", "priced under $", "< $"},
		upTo:     []string{"up to $", "max $", "max. $", "at most $", "no more than $", "not over $", "$ max", "for $ or less", "$ at most", "maximum $", "that don't cost more than $", "not more expensive than $", "for a maximum of $", "within $", "not exceeding $", "$ tops"},
		over:     []string{"over $", "above $", "more than $", "more expensive than $", "> $", "that cost more than $"},
		from:     []string{"from $ up", "at least $", "starting at $", "$ or more", "$ and up", "min $", "no less than $", "for $ upwards", "from $ upwards"},
		between:  []string{"between $ and #", "from $ to #", "$ - #", "$-#", "$ to #", "between $ & #", "in the range $ to #", "$ – #", "priced between $ and #", "costing $ to #"},
		stock:    []string{"in stock", "available now", "that are in stock", "that you have in stock", "currently available", "that can ship now", "in-stock", "that are available", "that are not sold out", "ready to ship", "which are available immediately"},
		sale:     []string{"on sale", "in the sale", "at a discount", "that are discounted", "on offer", "that are reduced", "with a discount", "on special offer", "on promotion", "marked down"},
		without:  []string{"without %", "but not %", "not %", "no %", "except %", "excluding %", "but no %", "other than %", "anything but %"},
		inColour: []string{"in %"}, inSize: []string{"in size %", "size %", "size: %", "in a size %", "in %"},
		cheapest: []string{"cheapest %", "the cheapest %", "what is the cheapest %", "% cheapest first", "lowest priced %", "% with the lowest price", "least expensive %"},
		dearest:  []string{"most expensive %", "the priciest %", "dearest %", "% with the highest price", "% most expensive first"},
	},
	{
		language: "de", currency: "EUR", signs: []string{"@ €", "@€", "€ @", "@ Euro", "@ EUR", "@"}, comma: true,
		kinds:  []kind{{"Lampen", "Lampe"}, {"Vorhänge", "Vorhang"}, {"Teppiche", "Teppich"}, {"Sessel", "Sessel"}, {"Vasen & Schalen", "Vase"}, {"Hemden", "Hemd"}},
		colour: "Farbe", hues: []hue{{"Rot", "rote"}, {"Schwarz", "schwarze"}, {"Weiß", "weiße"}, {"Dunkelgrün", "dunkelgrüne"}, {"Türkis", "türkise"}},
		size: "Größe", material: "Material", materials: []string{"Leinen", "Eiche", "Keramik", "Baumwolle"},
		frames:   []string{"%", "%?", "habt ihr %?", "Haben Sie %?", "zeig mir %", "ich suche %", "Ich hätte gerne %", "gibt es %?", "hallo, welche % habt ihr", "bitte %"},
		under:    []string{"unter $", "für weniger als $", "günstiger als $", "billiger als $", "die weniger als $ kosten"},
		upTo:     []string{"bis $", "bis zu $", "maximal $", "max. $", "höchstens $", "nicht über $", "nicht mehr als $", "für höchstens $", "bis maximal $", "nicht teurer als $", "die nicht mehr als $ kosten"},
		over:     []string{"über $", "mehr als $", "teurer als $", "die mehr als $ kosten"},
		from:     []string{"ab $", "mindestens $", "für mindestens $", "von mindestens $"},
		between:  []string{"zwischen $ und #", "von $ bis #", "$ bis #", "$-#", "$ - #", "für $ bis #"},
		stock:    []string{"auf Lager", "sofort lieferbar", "die verfügbar sind", "lieferbar", "die ihr auf Lager habt", "vorrätig", "sofort verfügbar"},
		sale:     []string{"im Angebot", "im Sale", "reduziert", "die reduziert sind", "mit Rabatt", "im Ausverkauf", "die im Angebot sind"},
		without:  []string{"ohne %", "aber kein %", "nicht aus %", "außer %", "kein %"},
		inColour: []string{"in %"}, inSize: []string{"in Größe %", "Größe %", "Gr. %"},
		cheapest: []string{"die günstigsten %", "billigste %", "was sind die günstigsten %?", "die preiswertesten %"},
		dearest:  []string{"die teuersten %", "teuerste %"},
	},
	{
		language: "fr", currency: "EUR", signs: []string{"@ €", "@€", "@ euros", "@ EUR"}, comma: true, after: true,
		kinds:  []kind{{"Lampes", "lampe"}, {"Rideaux", "rideau"}, {"Tapis", "tapis"}, {"Fauteuils", "fauteuil"}, {"Vases & Bols", "vase"}, {"Chemises", "chemise"}},
		colour: "Couleur", hues: []hue{{"Vert", "vertes"}, {"Noir", "noires"}, {"Blanc", "blancs"}, {"Bleu", "bleus"}, {"Ivoire", "ivoire"}},
		size: "Taille", material: "Matière", materials: []string{"Lin", "Chêne", "Céramique", "Coton"},
		frames:   []string{"%", "%?", "avez-vous des % ?", "je cherche des %", "montrez-moi les %", "bonjour, je voudrais des %", "quels % avez-vous ?"},
		under:    []string{"à moins de $", "moins de $", "en dessous de $", "moins cher que $", "pour moins de $", "sous $", "moins chers que $"},
		upTo:     []string{"jusqu'à $", "$ maximum", "maximum $", "max $", "pas plus de $", "au maximum $", "$ max", "pour $ au plus", "au plus $"},
		over:     []string{"plus de $", "à plus de $", "au-dessus de $", "plus cher que $", "supérieur à $"},
		from:     []string{"à partir de $", "au moins $", "dès $", "minimum $"},
		between:  []string{"entre $ et #", "de $ à #", "$ à #", "$-#", "entre $ et # environ"},
		stock:    []string{"en stock", "disponibles", "disponible", "disponibles immédiatement", "qui sont en stock"},
		sale:     []string{"en promotion", "en solde", "soldés", "en promo", "à prix réduit"},
		without:  []string{"sans %", "mais pas %", "sauf %", "pas en %", "hors %"},
		inColour: []string{"en %"}, inSize: []string{"en taille %", "taille %", "taille : %"},
		cheapest: []string{"les % les moins chers", "le moins cher des %", "les moins chères %", "% au prix le plus bas"},
		dearest:  []string{"les % les plus chers", "les % les plus chères"},
	},
	{
		language: "es", currency: "EUR", signs: []string{"@ €", "@€", "@ euros", "@ EUR"}, comma: true, after: true,
		kinds:  []kind{{"Lámparas", "lámpara"}, {"Cortinas", "cortina"}, {"Alfombras", "alfombra"}, {"Sillones", "sillón"}, {"Jarrones y Cuencos", "jarrón"}, {"Camisas", "camisa"}},
		colour: "Color", hues: []hue{{"Rojo", "rojas"}, {"Negro", "negras"}, {"Blanco", "blancos"}, {"Amarillo", "amarillos"}, {"Verde", "verdes"}},
		size: "Talla", material: "Material", materials: []string{"Lino", "Roble", "Cerámica", "Algodón"},
		frames:   []string{"%", "¿%?", "¿tienen %?", "busco %", "quiero %", "hola, ¿hay %?", "muéstrame %", "necesito %"},
		under:    []string{"por menos de $", "menos de $", "por debajo de $", "más barato que $", "de menos de $", "que cuesten menos de $"},
		upTo:     []string{"hasta $", "máximo $", "como máximo $", "no más de $", "$ como máximo", "max $", "$ máximo", "que no cuesten más de $"},
		over:     []string{"más de $", "por más de $", "por encima de $", "de más de $", "más caro que $"},
		from:     []string{"desde $", "a partir de $", "al menos $", "mínimo $", "como mínimo $"},
		between:  []string{"entre $ y #", "de $ a #", "desde $ hasta #", "$-#", "$ a #"},
		stock:    []string{"en stock", "disponibles", "que estén disponibles", "en existencias", "que tengan en stock"},
		sale:     []string{"en oferta", "rebajadas", "de oferta", "con descuento", "en rebajas", "rebajados"},
		without:  []string{"sin %", "pero no %", "excepto %", "que no sea %", "menos %"},
		inColour: []string{"en %", "de color %"}, inSize: []string{"en talla %", "talla %", "de talla %"},
		cheapest: []string{"las % más baratas", "los % más baratos", "% más baratas", "lo más barato de %"},
		dearest:  []string{"las % más caras", "los % más caros"},
	},
	{
		language: "it", currency: "EUR", signs: []string{"@ €", "@€", "@ euro", "€ @", "@ EUR"}, comma: true, after: true,
		kinds:  []kind{{"Lampade", "lampada"}, {"Tende", "tenda"}, {"Tappeti", "tappeto"}, {"Poltrone", "poltrona"}, {"Vasi e Ciotole", "vaso"}, {"Camicie", "camicia"}},
		colour: "Colore", hues: []hue{{"Rosso", "rosse"}, {"Nero", "nere"}, {"Bianco", "bianchi"}, {"Giallo", "gialli"}, {"Verde", "verdi"}},
		size: "Taglia", material: "Materiale", materials: []string{"Lino", "Rovere", "Ceramica", "Cotone"},
		frames:   []string{"%", "%?", "avete %?", "cerco %", "vorrei %", "mi fate vedere %", "ci sono %?", "ciao, quali % avete?"},
		under:    []string{"a meno di $", "sotto i $", "meno di $", "sotto $", "per meno di $", "che costano meno di $", "inferiore a $"},
		upTo:     []string{"fino a $", "massimo $", "al massimo $", "non più di $", "max $", "$ al massimo", "$ massimo"},
		over:     []string{"sopra i $", "più di $", "oltre $", "a più di $", "superiore a $"},
		from:     []string{"a partire da $", "almeno $", "da $ in su", "minimo $"},
		between:  []string{"tra $ e #", "fra $ e #", "da $ a #", "$-#", "tra i $ e i #"},
		stock:    []string{"disponibili", "in stock", "disponibili subito", "che sono disponibili", "in magazzino"},
		sale:     []string{"in offerta", "in saldo", "scontati", "scontate", "in promozione", "con lo sconto"},
		without:  []string{"senza %", "ma non %", "tranne %", "non in %", "eccetto %"},
		inColour: []string{"in %", "di colore %"}, inSize: []string{"in taglia %", "taglia %", "della taglia %"},
		cheapest: []string{"% meno costose", "le % più economiche", "i % più economici", "le % meno care"},
		dearest:  []string{"le % più costose", "i % più cari", "le % più care"},
	},
	{
		language: "nl", currency: "EUR", signs: []string{"€ @", "€@", "@ euro", "@€", "@ EUR"}, comma: true,
		kinds:  []kind{{"Lampen", "lamp"}, {"Gordijnen", "gordijn"}, {"Vloerkleden", "vloerkleed"}, {"Fauteuils", "fauteuil"}, {"Vazen & Schalen", "vaas"}, {"Overhemden", "overhemd"}},
		colour: "Kleur", hues: []hue{{"Rood", "rode"}, {"Zwart", "zwarte"}, {"Wit", "witte"}, {"Groen", "groene"}, {"Geel", "gele"}},
		size: "Maat", material: "Materiaal", materials: []string{"Linnen", "Eiken", "Keramiek", "Katoen"}, //nolint:misspell // Dutch
		frames:   []string{"%", "%?", "hebben jullie %?", "ik zoek %", "laat me % zien", "zijn er %?", "hallo, welke % zijn er?", "ik wil graag %"},
		under:    []string{"onder de $", "onder $", "voor minder dan $", "goedkoper dan $", "minder dan $", "die minder dan $ kosten"},
		upTo:     []string{"tot $", "maximaal $", "max $", "hoogstens $", "niet meer dan $", "tot maximaal $", "voor maximaal $", "niet duurder dan $"},
		over:     []string{"boven de $", "meer dan $", "boven $", "duurder dan $"},
		from:     []string{"vanaf $", "minstens $", "minimaal $", "ten minste $"},
		between:  []string{"tussen $ en #", "tussen de $ en #", "van $ tot #", "$ tot #", "$-#"},
		stock:    []string{"op voorraad", "leverbaar", "die op voorraad zijn", "direct leverbaar", "beschikbaar"},
		sale:     []string{"in de aanbieding", "met korting", "afgeprijsd", "in de uitverkoop", "in de sale"},
		without:  []string{"zonder %", "maar geen %", "niet van %", "behalve %", "geen %"},
		inColour: []string{"in het %", "in %"}, inSize: []string{"in maat %", "maat %"},
		cheapest: []string{"goedkoopste %", "de goedkoopste %", "wat zijn de goedkoopste %?", "de voordeligste %"},
		dearest:  []string{"duurste %", "de duurste %"},
	},
}
