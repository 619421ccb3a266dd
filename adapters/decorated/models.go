package decorated

import (
	"context"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
)

// ChatModel returns next with as around each call. A Retry around it repeats
// only calls of which nothing was spent, and so nothing was shown.
func ChatModel(next ports.ChatModel, as ...Around) ports.ChatModel {
	return chatModel{next, chain(as)}
}

type chatModel struct {
	next   ports.ChatModel
	around Around
}

// Complete implements ports.ChatModel.
func (w chatModel) Complete(ctx context.Context, p chat.Prompt, emit func(string) error) (chat.Completion, error) {
	return run(ctx, w.around, Call{"ChatModel", "Complete"}, func(ctx context.Context) (chat.Completion, error) {
		return w.next.Complete(ctx, p, emit)
	})
}

// Embedder returns next with as around each call.
func Embedder(next ports.Embedder, as ...Around) ports.Embedder { return embedder{next, chain(as)} }

type embedder struct {
	next   ports.Embedder
	around Around
}

// Embed implements ports.Embedder.
func (w embedder) Embed(ctx context.Context, texts []string) (retrieval.Embedding, error) {
	return run(ctx, w.around, Call{"Embedder", "Embed"}, func(ctx context.Context) (retrieval.Embedding, error) {
		return w.next.Embed(ctx, texts)
	})
}

// Reranker returns next with as around each call. A Retry around it repeats only
// calls of which nothing was spent.
func Reranker(next ports.Reranker, as ...Around) ports.Reranker { return reranker{next, chain(as)} }

type reranker struct {
	next   ports.Reranker
	around Around
}

// Rerank implements ports.Reranker.
func (w reranker) Rerank(ctx context.Context, query string, texts []string) (retrieval.Ranking, error) {
	return run(ctx, w.around, Call{"Reranker", "Rerank"}, func(ctx context.Context) (retrieval.Ranking, error) {
		return w.next.Rerank(ctx, query, texts)
	})
}
