package qdrant

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
)

// Names of a point's vectors.
const (
	denseVector  = "meaning"
	sparseVector = "words"
)

// collection returns the name of the collection of vectors of length dim, 0 for
// none.
func (x *Index) collection(dim int) string { return x.c.Prefix + "_d" + strconv.Itoa(dim) }

// collections returns the vector lengths of which there is a collection.
func (x *Index) collections(ctx context.Context) ([]int, error) {
	names, err := x.client.ListCollections(ctx)
	if err != nil {
		return nil, err
	}
	var out []int
	for _, name := range names {
		if text, ok := strings.CutPrefix(name, x.c.Prefix+"_d"); ok {
			if dim, err := strconv.Atoi(text); err == nil {
				out = append(out, dim)
			}
		}
	}
	return out, nil
}

// payloadM is how many edges each site's part of the graph of vectors has. There
// is no graph over all sites: nobody searches them all.
const payloadM = 16

// ensure makes the collection unless it is there.
func (x *Index) ensure(ctx context.Context, dim int) error {
	name := x.collection(dim)
	x.mu.Lock()
	made := x.made[name]
	x.mu.Unlock()
	if made {
		return nil
	}
	idf := qdrant.Modifier_Idf
	create := &qdrant.CreateCollection{
		CollectionName:      name,
		OnDiskPayload:       new(true),
		HnswConfig:          &qdrant.HnswConfigDiff{M: new(uint64(0)), PayloadM: new(uint64(payloadM))},
		SparseVectorsConfig: qdrant.NewSparseVectorsConfig(map[string]*qdrant.SparseVectorParams{sparseVector: {Modifier: &idf}}),
	}
	if dim > 0 {
		// Vectors are put at length 1, so that the dot product is the cosine and
		// they come back as they were put.
		create.VectorsConfig = qdrant.NewVectorsConfigMap(map[string]*qdrant.VectorParams{
			denseVector: {Size: uint64(dim), Distance: qdrant.Distance_Dot},
		})
		if x.c.Quantize {
			create.QuantizationConfig = qdrant.NewQuantizationScalar(&qdrant.ScalarQuantization{
				Type: qdrant.QuantizationType_Int8, Quantile: new(float32(0.99)), AlwaysRam: new(true),
			})
		}
	}
	if err := x.client.CreateCollection(ctx, create); err != nil && !isCode(err, codes.AlreadyExists) {
		return fmt.Errorf("make the collection %s: %w", name, err)
	}
	for _, f := range indexedFields() {
		f.CollectionName, f.Wait = name, new(true)
		r, err := x.client.CreateFieldIndex(ctx, f)
		if err == nil {
			err = finished(r)
		}
		if err != nil {
			return fmt.Errorf("index the field %s of %s: %w", f.GetFieldName(), name, err)
		}
	}
	x.mu.Lock()
	x.made[name] = true
	x.mu.Unlock()
	return nil
}

// indexedFields are the fields that filters go by.
func indexedFields() []*qdrant.CreateFieldIndexCollection {
	keyword, integer := qdrant.FieldType_FieldTypeKeyword, qdrant.FieldType_FieldTypeInteger
	float, boolean := qdrant.FieldType_FieldTypeFloat, qdrant.FieldType_FieldTypeBool
	var out []*qdrant.CreateFieldIndexCollection
	for _, f := range []string{fieldTenant, fieldSite} {
		out = append(out, &qdrant.CreateFieldIndexCollection{
			FieldName: f, FieldType: &keyword,
			FieldIndexParams: qdrant.NewPayloadIndexParamsKeyword(&qdrant.KeywordIndexParams{IsTenant: new(true)}),
		})
	}
	for _, f := range []struct {
		name string
		of   qdrant.FieldType
	}{
		{fieldGeneration, integer},
		{fieldDocument, keyword},
		{fieldFirst, boolean},
		{fieldTitle, keyword},
		{fieldCodes, keyword},
		{fieldKind, integer},
		{fieldLanguage, keyword},
		{fieldBrands, keyword},
		{fieldCategories, keyword},
		{fieldOffers + "[]." + offerLow, float},
		{fieldOffers + "[]." + offerStock, integer},
		{fieldOffers + "[]." + offerAttributes, keyword},
	} {
		out = append(out, &qdrant.CreateFieldIndexCollection{FieldName: f.name, FieldType: &f.of})
	}
	return out
}
