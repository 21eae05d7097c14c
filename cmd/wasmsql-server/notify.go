package main

import (
	"cmp"
	"net"
)

// What a service manager is told. Source: systemd's sd_notify(3).
const (
	notifyReady    = "READY=1"
	notifyStopping = "STOPPING=1"
)

// notify tells the service manager how the program stands, if there is one that
// waits for it.
func (a *app) notify(state string) error {
	name, _ := a.env("NOTIFY_SOCKET")
	if name == "" {
		return nil
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"}) // one that begins with @ is abstract
	if err != nil {
		return err
	}
	_, err = c.Write([]byte(state))
	return cmp.Or(err, c.Close())
}
