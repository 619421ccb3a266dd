package wooshop

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// ordered sends a request with its headers in the order and spelling of a real
// shop, which net/http sorts and spells anew, and reads the answer.
func ordered(ctx context.Context, host, path string, out outgoing) (*http.Response, error) {
	addr := host
	if _, _, err := net.SplitHostPort(host); err != nil {
		addr = net.JoinHostPort(host, "80")
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	var b strings.Builder
	line := func(name, value string) { b.WriteString(name + ": " + value + "\r\n") }
	b.WriteString("POST " + path + " HTTP/1.1\r\n")
	line("Host", host)
	form := out.header[len(out.header)-1] // of a ping: Content-Type comes last there
	rest := out.header
	if form[0] == "Content-Type" {
		rest = out.header[:len(out.header)-1]
	}
	for _, h := range rest {
		line(h[0], h[1])
	}
	line("Connection", "close")
	line("Content-Length", strconv.Itoa(len(out.body)))
	if form[0] == "Content-Type" {
		line(form[0], form[1])
	}
	b.WriteString("\r\n")
	b.Write(out.body)
	_, err = io.WriteString(conn, b.String())
	if err == nil {
		var resp *http.Response
		if resp, err = http.ReadResponse(bufio.NewReader(conn), nil); err == nil {
			resp.Body = closing{resp.Body, func() { stop(); _ = conn.Close() }}
			return resp, nil
		}
	}
	stop()
	_ = conn.Close()
	return nil, err
}

// closing closes the connection with the body.
type closing struct {
	io.ReadCloser
	end func()
}

func (c closing) Close() error {
	err := c.ReadCloser.Close()
	c.end()
	return err
}
