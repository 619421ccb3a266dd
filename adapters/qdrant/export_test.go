package qdrant

// MeanTokens is the length of chunks that is supposed.
const MeanTokens = meanTokens
