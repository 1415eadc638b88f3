// Enrols two voices and transcribes a talk, with nothing but Java 17 or later.
//
// java Client.java wss://localhost:8088 dev-cert.pem mina.wav jisu.wav talk.wav

import java.io.FileInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import javax.sound.sampled.AudioSystem;

public class Client implements WebSocket.Listener {
  private static final int CHUNK_BYTES = 8192;

  private final BlockingQueue<String> messages = new LinkedBlockingQueue<>();
  private final StringBuilder begun = new StringBuilder();
  private WebSocket server;

  @Override
  public CompletionStage<?> onText(WebSocket server, CharSequence part, boolean last) {
    begun.append(part);
    if (last) {
      messages.add(begun.toString());
      begun.setLength(0);
    }
    server.request(1);
    return null;
  }

  @Override
  public CompletionStage<?> onClose(WebSocket server, int code, String reason) {
    messages.add("{\"type\": \"error\", \"code\": \"" + code + "\", \"message\": \"closed\"}");
    return null;
  }

  @Override
  public void onError(WebSocket server, Throwable error) {
    messages.add("{\"type\": \"error\", \"code\": \"" + error + "\", \"message\": \"\"}");
  }

  /** Finds a field. Java has no JSON of its own: use a library for more than this. */
  private static String field(String message, String name) {
    var found = Pattern.compile("\"" + name + "\": ?(\"((?:[^\"\\\\]|\\\\.)*)\"|[-\\d.]+)").matcher(message);
    if (!found.find()) return "";
    return found.group(2) == null ? found.group(1) : found.group(2);
  }

  private void say(String type, int speaker) {
    server.sendText("{\"type\": \"%s\", \"speaker_id\": %d}".formatted(type, speaker), true).join();
  }

  /** Sends a WAV file of 16 kHz, mono, 16 bit. */
  private void sendWav(String file) throws Exception {
    try (var audio = AudioSystem.getAudioInputStream(Path.of(file).toFile())) {
      byte[] chunk;
      while ((chunk = audio.readNBytes(CHUNK_BYTES)).length > 0) {
        server.sendBinary(ByteBuffer.wrap(chunk), true).join();
      }
    }
  }

  /** Prints texts until a message of this type comes. An error ends the program. */
  private void until(String type) throws InterruptedException {
    while (true) {
      String message = messages.take();
      String told = field(message, "type");
      if (told.equals(type)) return;
      if (told.equals("transcription")) {
        System.out.println(field(message, "speaker_id") + ": " + field(message, "text"));
      } else if (told.equals("error")) {
        System.err.println(field(message, "code") + ": " + field(message, "message"));
        System.exit(1);
      }
    }
  }

  private static SSLContext trusting(String certificate) throws Exception {
    var trusted = KeyStore.getInstance(KeyStore.getDefaultType());
    trusted.load(null);
    try (var file = new FileInputStream(certificate)) {
      trusted.setCertificateEntry("hwaja", CertificateFactory.getInstance("X.509").generateCertificate(file));
    }
    var managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    managers.init(trusted);
    var context = SSLContext.getInstance("TLS");
    context.init(null, managers.getTrustManagers(), null);
    return context;
  }

  private void run(String url, String certificate, String[] voices, String talk) throws Exception {
    var client = HttpClient.newBuilder().sslContext(trusting(certificate)).build();
    server = client.newWebSocketBuilder().buildAsync(URI.create(url), this).join();
    until("model_loaded");
    for (int speaker = 0; speaker < voices.length; speaker++) {
      say("start_speaker_registration", speaker);
      sendWav(voices[speaker]);
      say("complete_speaker_registration", speaker);
      until("speaker_registration_completed");
    }
    say("start_transcription", 0);
    until("transcription_started");
    sendWav(talk);
    say("stop_transcription", 0);
    until("transcription_stopped");
    server.sendClose(WebSocket.NORMAL_CLOSURE, "").join();
  }

  public static void main(String[] args) throws Exception {
    int last = args.length - 1;
    var voices = java.util.Arrays.copyOfRange(args, 2, last);
    new Client().run(args[0], args[1], voices, args[last]);
    System.exit(0); // do not wait for the threads of the HTTP client
  }
}
