package memory

// Buckets returns how many buckets l keeps.
func Buckets(l *Limiter) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.full)
}
