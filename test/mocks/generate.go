// Package mocks holds the mocks of every port, for tests of use cases in which
// the absence or the order of a call is the point: that a model is never called
// without a hold, or a hold dispatched before the first byte. What a store must
// keep is not a matter for a mock, which cannot overshoot a limit: use
// adapters/memory and the suites of test/porttest.
//
// The files are written by make generate; CI writes them anew and compares.
package mocks

//go:generate go tool mockgen -source=../../ports/accounts.go -destination=accounts.go -package=mocks
//go:generate go tool mockgen -source=../../ports/changes.go -destination=changes.go -package=mocks
//go:generate go tool mockgen -source=../../ports/connections.go -destination=connections.go -package=mocks
//go:generate go tool mockgen -source=../../ports/conversations.go -destination=conversations.go -package=mocks
//go:generate go tool mockgen -source=../../ports/documents.go -destination=documents.go -package=mocks
//go:generate go tool mockgen -source=../../ports/erasure.go -destination=erasure.go -package=mocks
//go:generate go tool mockgen -source=../../ports/events.go -destination=events.go -package=mocks
//go:generate go tool mockgen -source=../../ports/generations.go -destination=generations.go -package=mocks
//go:generate go tool mockgen -source=../../ports/index.go -destination=index.go -package=mocks
//go:generate go tool mockgen -source=../../ports/model.go -destination=model.go -package=mocks
//go:generate go tool mockgen -source=../../ports/reports.go -destination=reports.go -package=mocks
//go:generate go tool mockgen -source=../../ports/queue.go -destination=queue.go -package=mocks
//go:generate go tool mockgen -source=../../ports/repricings.go -destination=repricings.go -package=mocks
//go:generate go tool mockgen -source=../../ports/reranker.go -destination=reranker.go -package=mocks
//go:generate go tool mockgen -source=../../ports/shop.go -destination=shop.go -package=mocks
//go:generate go tool mockgen -source=../../ports/usage.go -destination=usage.go -package=mocks
