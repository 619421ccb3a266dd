package wooshop

import (
	"slices"
	"strings"
	"time"
)

// Product is what a merchant enters of a product, in WooCommerce's words.
type Product struct {
	Type        string // simple (default), variable, grouped, external
	Name        string // may hold tags, which WordPress keeps
	Slug        string // default: of the name, when it is first published
	Status      string // publish (default), draft, pending, private, future
	Visibility  string // visible (default), catalog, search, hidden
	Password    string
	Description string // as typed: WordPress makes paragraphs of it
	Short       string
	SKU, GTIN   string

	Regular, Sale    string // prices, as typed
	SaleFrom, SaleTo time.Time

	ManageStock bool
	Stock       int    // meaningful if ManageStock
	StockStatus string // instock (default), outofstock, onbackorder; computed if ManageStock
	Backorders  string // no (default), notify, yes

	Weight, Length, Width, Height string

	Categories, Tags, Brands []int // ids of terms
	Images                   []Image
	Attributes               []Attribute
	Grouped                  []int  // of a grouped product
	ExternalURL, ButtonText  string // of an external one
	Downloads                []Download
	PurchaseNote             string
	Meta                     []Meta
	MenuOrder                int
	Published                time.Time // default: when it was made; later than now with status future
}

// Variation is what a merchant enters of a variation.
type Variation struct {
	Options          [][2]string // name and value of each attribute; no value: any
	Private          bool        // switched off
	Description      string
	SKU, GTIN        string
	Regular, Sale    string
	SaleFrom, SaleTo time.Time
	ManageStock      bool // false with a parent that does: the parent's stock
	Stock            int
	StockStatus      string
	Backorders       string
	Weight           string
	Image            *Image
}

// Image is a picture of the media library.
type Image struct {
	File, Name, Alt string // File such as 2026/11/oak.png
	Width, Height   int    // default 640 x 480
	id              int
	made            time.Time
}

// Attribute is a product's property.
type Attribute struct {
	Name      string
	Options   []string
	Variation bool // chosen by a variation
	Hidden    bool // not shown to shoppers
	Global    bool // a taxonomy of the shop (pa_...), not typed in
}

// Download is a file that a buyer gets. It is nobody else's business.
type Download struct{ Name, File string }

// Meta is a field of a plugin's. Value is JSON.
type Meta struct {
	Key   string
	Value string
	id    int
}

// product is a row of the table: a product or a variation.
type product struct {
	id         int
	in         Product
	v          *Variation // of a variation; in is empty then
	parent     int
	variations []int // in the order of their making
	created    time.Time
	modified   time.Time
	slug       string
	before     string // status before the trash
	sales      int
	stars      int // hundredths, on average
	ratings    int
}

func (p *product) status() string {
	switch {
	case p.v != nil && p.v.Private:
		return "private"
	case p.v != nil:
		return "publish"
	}
	return p.in.Status
}

type term struct {
	id             int
	taxonomy, name string
	slug           string
	parent         int
}

func (s *Shop) term(taxonomy, name string, parent int) int {
	s.lastTerm++
	s.terms[s.lastTerm] = term{id: s.lastTerm, taxonomy: taxonomy, name: name, slug: slug(name), parent: parent}
	return s.lastTerm
}

// AddCategory makes a category under parent (0: none) and returns its id.
func (s *Shop) AddCategory(name string, parent int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.term("product_cat", name, parent)
}

// AddTag makes a tag and returns its id.
func (s *Shop) AddTag(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.term("product_tag", name, 0)
}

// AddBrand makes a brand and returns its id.
func (s *Shop) AddBrand(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.term("product_brand", name, 0)
}

// RenameCategory gives a category, tag or brand another name. No webhook tells
// of it, though the text of every product in it changes.
func (s *Shop) RenameCategory(id int, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.terms[id]
	t.name = name
	s.terms[id] = t
}

// normal fills in what WordPress fills in.
func (s *Shop) normal(p *product) {
	in := &p.in
	def := func(s *string, to string) {
		if *s == "" {
			*s = to
		}
	}
	def(&in.Type, "simple")
	def(&in.Status, "publish")
	def(&in.Visibility, "visible")
	def(&in.Backorders, "no")
	def(&in.StockStatus, "instock")
	if !in.Published.IsZero() {
		p.created = in.Published.UTC().Truncate(time.Second)
	}
	if in.Status == "publish" || in.Status == "future" {
		in.Status = "publish"
		if p.created.After(s.clock()) {
			in.Status, s.scheduled = "future", true
		}
	}
	if len(in.Categories) == 0 {
		in.Categories = []int{15}
	}
	if p.slug == "" && in.Slug == "" && in.Status != "draft" && in.Status != "pending" {
		p.slug = s.freeSlug(slug(in.Name), p.id)
	}
	if in.Slug != "" {
		p.slug = in.Slug
	}
	for i := range in.Meta {
		if in.Meta[i].id == 0 {
			s.lastMeta++
			in.Meta[i].id = s.lastMeta
		}
	}
	for i := range in.Images {
		s.upload(&in.Images[i])
	}
	in.Description, in.Short = kses(in.Description), kses(in.Short)
	if in.Type != "variable" {
		return
	}
	in.Regular, in.Sale = "", "" // a variable product's are its variations'
}

func (s *Shop) upload(img *Image) {
	if img.id != 0 {
		return
	}
	img.id, img.made = s.id(), s.clock()
	if img.Width == 0 {
		img.Width, img.Height = 640, 480
	}
	if img.Name == "" {
		img.Name = strings.TrimSuffix(img.File, ".png")
	}
}

func (s *Shop) freeSlug(want string, id int) string {
	taken := func(t string) bool {
		for _, p := range s.products {
			if p.id != id && p.v == nil && p.slug == t {
				return true
			}
		}
		return false
	}
	free := want
	for n := 2; taken(free); n++ {
		free = want + "-" + itoa(n)
	}
	return free
}

func clone(p Product) Product {
	p.Categories, p.Tags, p.Brands = slices.Clone(p.Categories), slices.Clone(p.Tags), slices.Clone(p.Brands)
	p.Images, p.Grouped, p.Downloads, p.Meta = slices.Clone(p.Images), slices.Clone(p.Grouped), slices.Clone(p.Downloads), slices.Clone(p.Meta)
	p.Attributes = slices.Clone(p.Attributes)
	for i := range p.Attributes {
		p.Attributes[i].Options = slices.Clone(p.Attributes[i].Options)
	}
	return p
}
