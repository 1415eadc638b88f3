// Enrols two voices and transcribes a talk, with a WebSocket library and nothing else.
//
//	go run . wss://localhost:8088 dev-cert.pem mina.wav jisu.wav talk.wav
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

const chunkBytes = 8192

type message struct {
	Type      string `json:"type"`
	SpeakerID int    `json:"speaker_id"`
	Text      string `json:"text,omitempty"`
	Code      string `json:"code,omitempty"`
	Message   string `json:"message,omitempty"`
}

var ctx = context.Background()

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func say(server *websocket.Conn, kind string, speaker int) {
	check(wsjson.Write(ctx, server, message{Type: kind, SpeakerID: speaker}))
}

// sendWav sends a WAV file of 16 kHz, mono, 16 bit.
func sendWav(server *websocket.Conn, file string) {
	wav, err := os.ReadFile(file)
	check(err)
	audio := wav[bytes.Index(wav, []byte("data"))+8:] // behind the header
	for len(audio) > 0 {
		chunk := audio[:min(chunkBytes, len(audio))]
		check(server.Write(ctx, websocket.MessageBinary, chunk))
		audio = audio[len(chunk):]
	}
}

// until prints texts until a message of this type comes. An error ends the program.
func until(server *websocket.Conn, kind string) {
	for {
		var told message
		check(wsjson.Read(ctx, server, &told))
		switch told.Type {
		case kind:
			return
		case "transcription":
			fmt.Printf("%d: %s\n", told.SpeakerID, told.Text)
		case "error":
			log.Fatalf("%s: %s", told.Code, told.Message)
		}
	}
}

func main() {
	url, certificate, files := os.Args[1], os.Args[2], os.Args[3:]
	voices, talk := files[:len(files)-1], files[len(files)-1]

	trusted, err := os.ReadFile(certificate)
	check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(trusted)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	options := &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}}
	server, _, err := websocket.Dial(ctx, url, options)
	check(err)

	until(server, "model_loaded")
	for speaker, voice := range voices {
		say(server, "start_speaker_registration", speaker)
		sendWav(server, voice)
		say(server, "complete_speaker_registration", speaker)
		until(server, "speaker_registration_completed")
	}
	say(server, "start_transcription", 0)
	until(server, "transcription_started")
	go func() { // so that this program reads meanwhile, and answers pings
		sendWav(server, talk)
		say(server, "stop_transcription", 0)
	}()
	until(server, "transcription_stopped")
	check(server.Close(websocket.StatusNormalClosure, ""))
}
