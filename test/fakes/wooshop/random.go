package wooshop

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// RandomEdit does one random thing to the shop and says what. The same shop
// with the same source of chance does the same.
func (s *Shop) RandomEdit(r *rand.Rand) string {
	ids := s.IDs()
	if len(ids) == 0 || r.IntN(12) == 0 || len(ids) < 8 && r.IntN(4) == 0 {
		in := randomProduct(r, s.someTerms(r), ids)
		return fmt.Sprintf("create %d (%s %s)", s.Create(in), in.Type, in.Status)
	}
	id := ids[r.IntN(len(ids))]
	for tries := 0; tries < 2 && s.trashed(id); tries++ { // most deeds are done to what is there
		id = ids[r.IntN(len(ids))]
	}
	variations := s.Variations(id)
	switch n := r.IntN(22); {
	case n < 6:
		what := ""
		now := s.Now()
		done := s.Edit(id, func(p *Product) { what = randomChange(r, p, now, s.someTermsOf) })
		return fmt.Sprintf("edit %d %s %v", id, what, done)
	case n == 6:
		return fmt.Sprintf("save %d by hand %v", id, s.AdminSave(id, func(p *Product) { p.Name = randomName(r) }))
	case n == 7:
		return fmt.Sprintf("trash %d %v", id, s.Trash(id))
	case n == 8:
		return fmt.Sprintf("restore %d %v", id, s.Restore(id))
	case n == 9 && r.IntN(2) == 0:
		s.ForceDelete(id)
		return fmt.Sprintf("delete %d for good", id)
	case n <= 11:
		status := pick(r, "publish", "publish", "publish", "draft", "private", "pending")
		return fmt.Sprintf("set %d to %s %v", id, status, s.SetStatus(id, status))
	case n <= 14:
		sold := id
		if len(variations) > 0 {
			sold = variations[r.IntN(len(variations))]
		}
		pieces := 1 + r.IntN(3)
		s.Order(sold, pieces)
		return fmt.Sprintf("sell %d of %d", pieces, sold)
	case n == 15 && r.IntN(2) == 0:
		stars, ratings := 100+r.IntN(401), r.IntN(40)
		s.Rate(id, stars, ratings)
		return fmt.Sprintf("rate %d %d of %d", id, stars, ratings)
	case n == 15 && r.IntN(4) == 0:
		s.Redate(id, time.Duration(1+r.IntN(900))*time.Hour)
		return fmt.Sprintf("make %d older", id)
	case n == 15:
		s.Review(id)
		return fmt.Sprintf("review %d", id)
	case n == 16:
		return s.randomTerm(r)
	case n == 17 && len(variations) < 4:
		return fmt.Sprintf("variation %d of %d", s.addToVariable(r, id), id)
	case n <= 20 && len(variations) > 0:
		v := variations[r.IntN(len(variations))]
		if r.IntN(6) == 0 {
			return fmt.Sprintf("delete variation %d of %d %v", v, id, s.DeleteVariation(v))
		}
		return fmt.Sprintf("edit variation %d of %d %v", v, id, s.EditVariation(v, func(v *Variation) { changeVariation(r, v) }))
	}
	return s.randomPage(r)
}

func (s *Shop) trashed(id int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.products[id]
	return ok && p.in.Status == "trash"
}

// addToVariable adds a variation if the product has any use for one.
func (s *Shop) addToVariable(r *rand.Rand, id int) int {
	s.mu.Lock()
	p := s.products[id]
	variable := p != nil && p.v == nil && p.in.Type == "variable" && p.in.Status != "trash"
	s.mu.Unlock()
	if !variable {
		return 0
	}
	return s.AddVariation(id, randomVariation(r))
}

func (s *Shop) someTerms(r *rand.Rand) [3][]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.someTermsOf(r)
}

// someTermsOf returns some categories, tags and brands.
func (s *Shop) someTermsOf(r *rand.Rand) (out [3][]int) {
	for id := 15; id <= s.lastTerm; id++ {
		t, ok := s.terms[id]
		if !ok || r.IntN(3) > 0 {
			continue
		}
		switch t.taxonomy {
		case "product_cat":
			out[0] = append(out[0], id)
		case "product_tag":
			out[1] = append(out[1], id)
		case "product_brand":
			out[2] = append(out[2], id)
		}
	}
	return out
}

func (s *Shop) randomTerm(r *rand.Rand) string {
	name := randomName(r)
	s.mu.Lock()
	last := s.lastTerm
	s.mu.Unlock()
	if last >= 15 && r.IntN(2) == 0 {
		id := 15 + r.IntN(last-14)
		s.RenameCategory(id, name)
		return fmt.Sprintf("rename term %d", id)
	}
	switch r.IntN(3) {
	case 0:
		return fmt.Sprintf("category %d", s.AddCategory(name, 0))
	case 1:
		return fmt.Sprintf("tag %d", s.AddTag(name))
	}
	return fmt.Sprintf("brand %d", s.AddBrand(name))
}

func (s *Shop) randomPage(r *rand.Rand) string {
	ids := s.PageIDs()
	if len(ids) == 0 || r.IntN(3) == 0 && len(ids) < 5 {
		return fmt.Sprintf("page %d", s.AddPage(Page{Post: r.IntN(2) == 0, Title: randomName(r), HTML: "<p>" + randomWords(r, 8) + "</p>", Status: pick(r, "publish", "publish", "draft")}))
	}
	id := ids[r.IntN(len(ids))]
	switch r.IntN(4) {
	case 0:
		s.DeletePage(id)
		return fmt.Sprintf("delete page %d", id)
	case 1:
		return fmt.Sprintf("hide page %d %v", id, s.EditPage(id, func(p *Page) { p.Status = pick(r, "publish", "draft", "private") }))
	case 2:
		return fmt.Sprintf("password of page %d %v", id, s.EditPage(id, func(p *Page) { p.Password = pick(r, "", "geheim") }))
	}
	return fmt.Sprintf("edit page %d %v", id, s.EditPage(id, func(p *Page) { p.HTML = "<h2>" + randomName(r) + "</h2><p>" + randomWords(r, 6) + "</p>" }))
}

func pick(r *rand.Rand, of ...string) string { return of[r.IntN(len(of))] }

func randomPrice(r *rand.Rand) string {
	return pick(r, "", "0", "5", "12.50", "19.90", "349.90", "1000", "7.5")
}

// randomName is a title as merchants type them, with a word that no other has.
func randomName(r *rand.Rand) string {
	return pick(r, "Oak table", "Mug & saucer", "Couchtisch Åse 🪵", "T-Shirt <em>Café</em>", "Lampe „Nacht“", "日本の茶碗") + fmt.Sprintf(" w%dx", r.IntN(1_000_000))
}

func randomWords(r *rand.Rand, n int) string {
	var words []string
	for range n {
		words = append(words, pick(r, "solid", "blue", "gemütlich", "kräftig", "washable", "with care", "日本語", "— sturdy")+fmt.Sprintf(" w%dx", r.IntN(1_000_000)))
	}
	return strings.Join(words, " ")
}

func randomProduct(r *rand.Rand, terms [3][]int, others []int) Product {
	p := Product{
		Type: pick(r, "simple", "simple", "simple", "variable", "grouped", "external"), Name: randomName(r), Status: pick(r, "publish", "publish", "publish", "draft", "private"),
		Description: "<h2>About</h2><p>" + randomWords(r, 5) + "</p>[gallery ids=\"1,2\"]", Short: randomWords(r, 2), SKU: fmt.Sprintf("SKU-%d", r.IntN(1_000_000)),
		Categories: terms[0], Tags: terms[1], Brands: terms[2], PurchaseNote: "never shown note", Meta: []Meta{{Key: "_private", Value: `"never shown meta"`}},
		Downloads: []Download{{Name: "manual", File: "https://shop.example.com/never-shown.pdf"}},
	}
	p.Regular = randomPrice(r)
	switch p.Type {
	case "grouped":
		for _, id := range others {
			if r.IntN(3) == 0 {
				p.Grouped = append(p.Grouped, id)
			}
		}
	case "external":
		p.ExternalURL, p.ButtonText = "https://example.org/buy", "Buy"
	case "variable":
		p.Attributes = []Attribute{{Name: "Größe", Options: []string{"S", "M", "L"}, Variation: true}, {Name: "Farbe", Options: []string{"Rot", "Türkis"}, Variation: true}}
	case "simple":
		p.ManageStock, p.Stock = r.IntN(2) == 0, r.IntN(5)
	}
	return p
}

// randomChange changes a product and says what. Dates lie around now.
func randomChange(r *rand.Rand, p *Product, now time.Time, terms func(*rand.Rand) [3][]int) string {
	switch r.IntN(14) {
	case 0:
		p.Name = randomName(r)
		return "name"
	case 1:
		p.Description = "<p>" + randomWords(r, 4) + "</p><ul><li>" + randomWords(r, 1) + "</li></ul><script>var never = 1</script>[vc_row]" + randomWords(r, 1) + "[/vc_row]"
		return "description"
	case 2:
		p.Short = randomWords(r, 2)
		return "short description"
	case 3:
		p.Visibility = pick(r, "visible", "visible", "catalog", "search", "hidden")
		return "visibility " + p.Visibility
	case 4:
		p.Password = pick(r, "", "", "geheim")
		return "password"
	case 5:
		p.Sale, p.SaleFrom, p.SaleTo = randomPrice(r), time.Time{}, time.Time{}
		if r.IntN(2) == 0 {
			p.SaleFrom = now.UTC().Truncate(24*time.Hour).AddDate(0, 0, r.IntN(20)-10)
			p.SaleTo = p.SaleFrom.Add(time.Duration(1+r.IntN(10)) * 24 * time.Hour)
		}
		return "sale"
	case 6, 7:
		p.Regular = randomPrice(r)
		return "price " + p.Regular
	case 8:
		p.ManageStock, p.Stock, p.StockStatus, p.Backorders = r.IntN(2) == 0, r.IntN(6)-1, pick(r, "instock", "outofstock", "onbackorder"), pick(r, "no", "notify", "yes")
		return "stock"
	case 9:
		t := terms(r)
		p.Categories, p.Tags, p.Brands = t[0], t[1], t[2]
		return "terms"
	case 10:
		p.Images = []Image{{File: fmt.Sprintf("2026/01/img-%d.png", r.IntN(1000)), Name: "Picture"}}
		return "image"
	case 11:
		p.Attributes = append(p.Attributes[:min(len(p.Attributes), 2)], Attribute{Name: "Material", Options: []string{randomName(r)}, Hidden: r.IntN(3) == 0})
		return "attribute"
	case 12:
		p.Weight, p.GTIN = pick(r, "", "1.5", "0.25"), pick(r, "", "4006381333931")
		return "weight and GTIN"
	}
	p.Published = now.UTC().Truncate(time.Hour).Add(time.Duration(r.IntN(48)-36) * time.Hour)
	return "date"
}

func randomVariation(r *rand.Rand) Variation {
	v := Variation{
		Options:     [][2]string{{"Größe", pick(r, "S", "M", "L")}, {"Farbe", pick(r, "Rot", "Türkis", "")}},
		Description: randomWords(r, 1), SKU: fmt.Sprintf("VAR-%d", r.IntN(1_000_000)), Regular: pick(r, "9.90", "19.90", "24.90"),
	}
	v.ManageStock, v.Stock = r.IntN(2) == 0, r.IntN(5)
	return v
}

func changeVariation(r *rand.Rand, v *Variation) {
	switch r.IntN(5) {
	case 0:
		v.Regular = randomPrice(r)
	case 1:
		v.Private = !v.Private
	case 2:
		v.ManageStock, v.Stock, v.StockStatus = r.IntN(2) == 0, r.IntN(4), pick(r, "instock", "outofstock")
	case 3:
		v.Sale = randomPrice(r)
	default:
		v.SKU = fmt.Sprintf("VAR-%d", r.IntN(1_000_000))
	}
}
