package retrieval

// smallWords are the words of a language that hold its sentences together and say
// nothing of what is asked for, folded. A word may be one of several languages.
type smallWords struct {
	language string
	tells    string // in most questions of the language: see GuessLanguage
	others   string
}

func (s smallWords) has(word string) bool { return wordIn(s.tells, word) || wordIn(s.others, word) }

// smallTable returns them for each of commonLanguages. None of them is a slip for
// a word of the shop, and a shop of another language is not searched for them. For
// what else they are good depends on the language: see filler, foreign and
// smallAbroad. The stop words of an index are a list of their own, since an index
// would have to be built anew whenever it changes: stopWord.
func smallTable() [6]smallWords {
	return [...]smallWords{
		{
			"en",
			"the a an of to in is are was do does did can could will would you your i my me we it that this these what which who how " +
				"when where why have has for with and or not any there from on at if be much long about",
			"either both neither nor ideally preferably maybe perhaps actually really currently possibly kindly happen recommend " +
				"suggest interested searching after pls plz thx cheers u ur lookin gimme lemme ya n r good evening morning afternoon day " +
				"dear there's theres whats which's wondering know see let only cannot cant wont isnt arent didnt ought sort kind while " +
				"still suitable using use wear wears wearing",
		},
		{
			"de",
			"der die das den dem des ein eine einen einem einer und oder ist sind war hat habe haben habt kann kannst konnen ihr ich " +
				"du wir sie mir mich euch uns mein meine dein was wie wo wann wer welche welcher welches gibt es fur mit von zu zum zur " +
				"im auf aus bei auch noch nicht kein keine suche brauche mochte lange kostet kosten dauert nach wenn uber bitte",
			"am an er bin gern gerne hatten einfach mal aber beim billiger billigere dann darf dass deine denn dies diese dieser " +
				"dieses doch durch eines euer eure finde grosser grossere gunstiger gunstigere hallo hatte hier ihnen ihre ihren jetzt " +
				"kleiner kleinere keinen kommt konnt konnte machen meinen muss ohne schon sehr sein seine sich sollte teurer teurere " +
				"unser man verkauft verkaufen fuhrt bietet etwas suchen gesucht brauchen viel viele warum welchen werde werden wieviel will wird woher wurde zeig zeige zwischen durfen konnten wollte",
		},
		{
			"fr",
			"le la les un une des du de d l et est sont avez vous je j tu nous il elle ce c cette que qu quel quelle quels quelles " +
				"qui ou quand comment combien pour avec dans sur en au aux pas ne mon ma mes votre vos puis cherche voudrais coute",
			"par y ces cet quoi son nos si moi montrez donnez svp plait besoin alors auriez aussi avons bonjour cela ceux chez comme " +
				"depuis dois elles entre etes etre faire faut leur leurs mais meme merci moins notre peut peux plus pouvez sans sous suis " +
				"tous tout toute toutes tres trop veux vais aimerais souhaite souhaiterais pourrais serait vendez vendent vends proposez quelque chose",
		},
		{
			"es",
			"el la los las un una unos unas de del y es son hay tiene tienen teneis haceis yo usted que cual cuales quien donde cuando como cuanto " +
				"cuanta para por con en al mi su me se busco quiero puedo cuesta",
			"lo uno o e sus mis muestrame muestreme dame sea sean esten tengan buenos dias favor quiere tenes algo alguna alguno " +
				"algun desde ella ellos esta estan este esto estos estas gracias hasta hola menos necesito nosotros pero porque pueden " +
				"puede quisiera sobre tambien tengo tienes todo todos ustedes venden vendeis ofreceis gustaria podria podrian",
		},
		{
			"it",
			"il lo la i gli le l un una uno di del della dei e sono avete ha io voi che cosa quale quali chi dove quando come quanto " +
				"quanta per con in da si non cerco vorrei posso costa",
			"dal ci ho mi mio tra fra ai agli nel fate fa vedere mostrami volevo abbiamo alla anche buongiorno ciao dalla degli dell " +
				"delle fino grazie hanno loro meno molto negli nella nelle nostro ogni perche potete quella quello questa queste questi " +
				"questo senza sulla tutti tutto vostro vostra vostri potrei potrebbe piacerebbe voglio vendete qualcosa",
		},
		{
			"nl",
			"de het een en of is zijn heb hebt heeft hebben jullie ik je jij u wij we mijn uw wat welke welk wie waar wanneer hoe " +
				"hoeveel voor met van naar op aan uit bij ook niet geen zoek kan kunnen er kost",
			"om dat te nog laat zien wil daar dan alle alleen deze doen door dank even gaat graag goed hoelang iets ieder kunt lang " +
				"maar meer minder moet onder onze over tegen tussen veel waarom want weer wilt wordt worden zonder zoals mag mogen zou zouden verkopen verkoopt",
		},
	}
}

// alike are the small words of other languages of three letters or more that are
// English words, too, or names: none of them shows another language by itself.
const alike = "die den des dem das was war hat bin mal aus von hier mein sein will lang lange les mes mon son par pas que sur aux sans pour plus " +
	"los las una uno unas con del hay sea sean dame dias favor como para algo esta este ella costa come fate non per tra fra dei chi mio " +
	"van met door over want even alle dan dat wat kan hoe fur"

// smallWord reports whether word, which is folded, is a small one of any language.
func smallWord(word string) bool {
	for _, s := range smallTable() {
		if s.has(word) {
			return true
		}
	}
	return false
}

// smallAbroad reports whether word, which is folded, is a small one of another
// language than English.
func smallAbroad(word string) bool {
	for _, s := range smallTable() {
		if s.language != "en" && s.has(word) {
			return true
		}
	}
	return false
}

// foreign reports whether word, which is folded, is a small one of another language
// and hardly ever an English word.
func foreign(word string) bool {
	return len(word) > 2 && !wordIn(alike, word) && smallAbroad(word)
}

// politeWord reports whether word, which is folded, is one of the English small
// words that are in few questions, and are searched if nobody leaves them out.
func politeWord(word string) bool { return wordIn(smallTable()[0].others, word) }

// filler reports whether word i says nothing of what is asked for. Words of
// other languages than English are looked at where the shop, who asks or the rest
// of the question speaks one: a Dutch "door" is none in a shop of door mats.
func (q *reading) filler(i int) bool {
	if i < 0 || i >= len(q.words) {
		return false
	}
	w := q.words[i]
	return stopWord(w.token) || politeWord(w.folded) || q.abroad && smallAbroad(w.folded)
}
