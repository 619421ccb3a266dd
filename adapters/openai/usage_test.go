package openai

import "testing"

// The reports are those of the issues that the rows name, which comparable
// systems have billed wrong; where an issue gives no report, it is one of the
// shape that it tells of.
func TestReadUsage(t *testing.T) {
	for _, c := range []struct {
		name string
		raw  string
		want counts
	}{
		{"OpenAI (litellm#6215)", `{"prompt_tokens":2006,"completion_tokens":300,"total_tokens":2306,"prompt_tokens_details":{"cached_tokens":1920},"completion_tokens_details":{"reasoning_tokens":0}}`, counts{2006, 300, 1920, 0}},
		{"cached within the prompt (litellm#14849)", `{"total_tokens":264704,"prompt_tokens":262960,"completion_tokens":1744,"prompt_tokens_details":{"text_tokens":262960,"cached_tokens":257955},"completion_tokens_details":{"reasoning_tokens":0}}`, counts{262960, 1744, 257955, 0}},
		{"reasoning within the output (litellm#18599)", `{"prompt_tokens":5,"completion_tokens":600,"total_tokens":605,"completion_tokens_details":{"reasoning_tokens":512}}`, counts{5, 600, 0, 512}},
		{"no details", `{"prompt_tokens":5,"completion_tokens":6,"prompt_tokens_details":null,"completion_tokens_details":{"reasoning_tokens":null}}`, counts{5, 6, 0, 0}},
		{"an embedding", `{"prompt_tokens":5,"total_tokens":5}`, counts{5, 0, 0, 0}},
		{"Responses", `{"input_tokens":30,"output_tokens":12,"total_tokens":42,"input_tokens_details":{"cached_tokens":20},"output_tokens_details":{"reasoning_tokens":8}}`, counts{30, 12, 20, 8}},

		{"DeepSeek", `{"prompt_tokens":100,"completion_tokens":7,"total_tokens":107,"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36}`, counts{100, 7, 64, 0}},
		{"DeepSeek through a gateway that adds empty details (litellm#11364)", `{"prompt_tokens":100,"completion_tokens":7,"total_tokens":107,"prompt_tokens_details":{"cached_tokens":0},"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36}`, counts{100, 7, 64, 0}},
		{"DeepSeek, hit and miss only", `{"completion_tokens":7,"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36}`, counts{100, 7, 64, 0}},
		{"DeepSeek, no hit", `{"prompt_tokens":100,"completion_tokens":7,"prompt_cache_hit_tokens":0,"prompt_cache_miss_tokens":100}`, counts{100, 7, 0, 0}},

		{"Anthropic, written to the cache, once (litellm#9812)", `{"input_tokens":3,"cache_creation_input_tokens":12304,"cache_read_input_tokens":0,"output_tokens":550}`, counts{12307, 550, 0, 0}},
		{"Anthropic, read from the cache", `{"input_tokens":3,"cache_creation_input_tokens":0,"cache_read_input_tokens":12304,"output_tokens":550}`, counts{12307, 550, 12304, 0}},
		{"Anthropic's cache beside OpenAI's prompt: more cached than prompt (new-api#5003)", `{"prompt_tokens":3,"completion_tokens":550,"total_tokens":553,"cache_read_input_tokens":12304}`, counts{12307, 550, 12304, 0}},
		{"... and the total tells that it is beside", `{"prompt_tokens":500,"completion_tokens":50,"total_tokens":1000,"cache_read_input_tokens":400,"cache_creation_input_tokens":50}`, counts{950, 50, 400, 0}},
		{"... and reasoning beside it, too", `{"prompt_tokens":500,"completion_tokens":50,"total_tokens":960,"cache_read_input_tokens":400,"completion_tokens_details":{"reasoning_tokens":10}}`, counts{900, 60, 400, 10}},
		{"... and nothing tells", `{"prompt_tokens":500,"completion_tokens":50,"cache_read_input_tokens":400}`, counts{900, 50, 400, 0}},
		{"a gateway whose prompt has the cache in it", `{"prompt_tokens":17111,"completion_tokens":9,"total_tokens":17120,"cache_read_input_tokens":17102,"cache_creation_input_tokens":0}`, counts{17111, 9, 17102, 0}},
		{"... and says so by details", `{"prompt_tokens":17111,"completion_tokens":9,"prompt_tokens_details":{"cached_tokens":17102},"cache_read_input_tokens":17102}`, counts{17111, 9, 17102, 0}},
		{"written only, and in the prompt", `{"prompt_tokens":500,"completion_tokens":50,"total_tokens":550,"cache_creation_input_tokens":400}`, counts{500, 50, 0, 0}},

		{"reasoning beside the output, listed (litellm#30488)", `{"prompt_tokens":32,"completion_tokens":9,"total_tokens":135,"completion_tokens_details":{"reasoning_tokens":94}}`, counts{32, 103, 0, 94}},
		{"reasoning beside the output, not listed: 89.8 % of it (new-api#1103)", `{"prompt_tokens":20,"completion_tokens":102,"total_tokens":1020}`, counts{20, 1000, 0, 898}},
		{"reasoning beside the output, said to be 0 (one-hub#795)", `{"prompt_tokens":9,"completion_tokens":664,"total_tokens":1994,"prompt_tokens_details":{},"completion_tokens_details":{"reasoning_tokens":0}}`, counts{9, 1985, 0, 1321}},
		{"reasoning beside the output (sub2api#554)", `{"prompt_tokens":55021,"completion_tokens":923,"total_tokens":56729,"completion_tokens_details":{"reasoning_tokens":785}}`, counts{55021, 1708, 0, 785}},
		{"a total says what the output was", `{"prompt_tokens":20,"total_tokens":50}`, counts{20, 30, 0, 0}},
		{"a total that is too low takes nothing away", `{"prompt_tokens":20,"completion_tokens":30,"total_tokens":0}`, counts{20, 30, 0, 0}},

		{"an output of 0 is a count (litellm#37992)", `{"prompt_tokens":30,"completion_tokens":0,"total_tokens":30}`, counts{30, 0, 0, 0}},
		{"0 of Anthropic's beside true counts of OpenAI's", `{"prompt_tokens":30,"completion_tokens":4,"input_tokens":0,"output_tokens":0}`, counts{30, 4, 0, 0}},
		{"all 0", `{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}`, counts{}},
	} {
		if got, err := readUsage([]byte(c.raw)); err != nil || got != c.want {
			t.Errorf("%s: %+v, %v, want %+v", c.name, got, err, c.want)
		}
	}
	for _, raw := range []string{
		`{}`, `[]`, `"5"`, `{"prompt_tokens":5.0}`, `{"prompt_tokens":"5"}`, `{"prompt_tokens":1e3}`, `{"prompt_tokens":true}`,
		`{"prompt_tokens":99999999999999999999}`, `{"prompt_tokens":5,"completion_tokens":{}}`, `{"total_tokens":5}`,
		`{"prompt_tokens":-5,"completion_tokens":1}`, `{"prompt_tokens":5,"completion_tokens":-1}`, `{"prompt_tokens":5,"total_tokens":-5}`,
		`{"prompt_tokens":5,"prompt_tokens_details":{"cached_tokens":-1}}`, `{"prompt_tokens":5,"cache_read_input_tokens":-4}`,
		`{"prompt_tokens":5,"completion_tokens":1,"total_tokens":1000000000000000000}`, `{"prompt_tokens":9223372036854775807,"cache_read_input_tokens":9223372036854775807}`,
		`{"prompt_tokens":100,"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":40}`, `{"prompt_tokens":5,"input_tokens":-1}`,
	} {
		if got, err := readUsage([]byte(raw)); err == nil || got != (counts{}) {
			t.Errorf("%s: read as %+v", raw, got)
		}
	}
}

func FuzzReadUsage(f *testing.F) {
	f.Add(`{"prompt_tokens":5,"completion_tokens":6,"total_tokens":20,"prompt_tokens_details":{"cached_tokens":2}}`)
	f.Add(`{"input_tokens":3,"cache_creation_input_tokens":12304,"cache_read_input_tokens":7,"output_tokens":550}`)
	f.Add(`{"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36,"completion_tokens":1}`)
	f.Fuzz(func(t *testing.T, raw string) {
		c, err := readUsage([]byte(raw))
		if err == nil && (c.prompt < 0 || c.completion < 0 || c.cached < 0 || c.reasoning < 0) || err != nil && c != (counts{}) {
			t.Errorf("%s: %+v, %v", raw, c, err)
		}
	})
}
