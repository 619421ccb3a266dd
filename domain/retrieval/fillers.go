package retrieval

// smallWord reports whether w, folded, is one of the short words that hold
// sentences together in a language of shops other than English. Many are words of
// another language, too: see abroad. The longer ones, which are slips of nothing, are
// in functionWord.
func smallWord(w string) bool {
	return wordIn("der die das den dem des ein und mit im am auf aus fur von zu zum zur an es er sie wir ihr ich du ist bin hat war was wer wie mir uns gern gerne bitte hatten einfach mal "+
		"le la les l un une du de d et ou avec au aux en sur par je j il y ce c ces cet qui que quoi est ne pas son mon ma mes nos vos si moi montrez donnez quel svp plait besoin "+
		"el lo los las una uno unos unas del con por o e hay se su sus mi mis al muestrame muestreme dame sea sean esten tengan buenos dias favor quiere tenes tienen "+
		"gli i dei da dal di per ci sono che ha ho mi mio tra fra ai agli nel fate fa vedere mostrami volevo "+
		"het een van om ik je jij u er dat is wat aan bij op te ook nog naar laat zien wil of daar dan", w)
}

// foreign reports whether w, folded, is a word of a language of shops other than
// English and hardly ever an English one.
func foreign(w string) bool {
	if wordIn("plus will come even over door want pour lang lange alle sole esta costa algo como para sein under", w) {
		return false
	}
	return functionWord(w) || wordIn("der und fur ich ihr wir ist mit gerne les une avec qui est el los hay del gli sono che het een ik zijn op van montrez muestrame", w)
}

// politeWord reports whether w, folded, is one of the English words that only
// hold a question together and are not in the list of those that are not searched.
func politeWord(w string) bool {
	return wordIn("either both neither nor ideally preferably maybe perhaps actually really currently possibly kindly happen recommend suggest interested searching after "+
		"pls plz thx cheers u ur lookin gimme lemme ya n r good evening morning afternoon day dear there's theres whats which's wondering know see let only "+
		"cannot cant wont isnt arent didnt ought sort kind while still currently suitable using use wear wears wearing", w)
}

// filler reports whether word i says nothing of what is asked for. Words of
// other languages than English are looked at where the shop, who asks or the rest
// of the question speaks one: a Dutch "door" is none in a shop of door mats.
func (q *reading) filler(i int) bool {
	if i < 0 || i >= len(q.words) {
		return false
	}
	w := q.words[i]
	return stopWord(w.token) || politeWord(w.folded) || q.abroad && (functionWord(w.folded) || smallWord(w.folded))
}
