// What the product is measured against: a bare server on gRPC's asynchronous C++ API, one completion queue, one
// thread. It parses every request, counts frames and bytes, and answers just enough for a caller to go on: the start
// of input after some audio, its end after some more. It looks at no token and at no sample.

#include <grpcpp/grpcpp.h>
#include <signal.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>

#include "voice_virtual_agent.grpc.pb.h"

namespace media = com::cisco::wcc::ccai::media::v1;

namespace {

struct Options {
  std::string address = "127.0.0.1:0";
  int64_t start_ms = 300;    // audio of an RPC until START_OF_INPUT
  int64_t end_ms = 3000;     // audio of an RPC until END_OF_INPUT and the answer
  int64_t answer_ms = 0;     // length of an answer's prompt; 0: no prompt
};

struct Counts {
  int64_t rpcs = 0, frames = 0, bytes = 0;
};

// A mu-law WAV file of silence, as an answer's prompt.
std::string SilentWAV(int64_t milliseconds) {
  const uint32_t size = static_cast<uint32_t>(milliseconds * 8);
  std::string out;
  auto number = [&out](uint32_t value, int bytes) {
    for (int i = 0; i < bytes; i++) out.push_back(static_cast<char>(value >> (8 * i)));
  };
  out.append("RIFF");
  number(36 + 2 + size, 4);
  out.append("WAVEfmt ");
  number(18, 4);
  number(7, 2);
  number(1, 2);
  number(8000, 4);
  number(8000, 4);
  number(1, 2);
  number(8, 2);
  number(0, 2);
  out.append("data");
  number(size, 4);
  out.append(size, '\xff');
  return out;
}

class Server {
 public:
  explicit Server(const Options& options) : options_(options) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(options.address, grpc::InsecureServerCredentials(), &port_);
    // The product's own channel arguments, so that only the servers differ.
    builder.AddChannelArgument("grpc.max_concurrent_streams", 1024);
    builder.AddChannelArgument("grpc.max_metadata_size", 16384);
    builder.AddChannelArgument("grpc.compression_enabled_algorithms_bitset", 1);
    builder.AddChannelArgument("grpc.per_message_decompression", 0);
    builder.AddChannelArgument("grpc.http2.lookahead_bytes", 65536);
    builder.AddChannelArgument("grpc.http2.bdp_probe", 0);
    builder.AddChannelArgument("grpc.http2.max_frame_size", 16384);
    builder.SetMaxReceiveMessageSize(131072);
    builder.RegisterService(&service_);
    queue_ = builder.AddCompletionQueue();
    server_ = builder.BuildAndStart();
    answer_.set_response_type(media::VoiceVAResponse::FINAL);
    answer_.set_input_mode(media::INPUT_VOICE_DTMF);
    answer_.mutable_input_handling_config()->mutable_dtmf_config()->set_dtmf_input_length(1);
    if (options.answer_ms > 0) {
      auto* prompt = answer_.add_prompts();
      prompt->set_audio_content(SilentWAV(options.answer_ms));
      prompt->set_is_barge_in_enabled(true);
    }
    start_of_input_.add_output_events()->set_event_type(media::OutputEvent::START_OF_INPUT);
    end_of_input_.add_output_events()->set_event_type(media::OutputEvent::END_OF_INPUT);
  }

  bool started() const { return server_ != nullptr && port_ != 0; }
  int port() const { return port_; }
  const Counts& counts() const { return counts_; }

  void Run() {
    for (int i = 0; i < 64; i++) new Call(this);
    void* tag;
    bool ok;
    while (queue_->Next(&tag, &ok)) {
      auto* operation = static_cast<Operation*>(tag);
      operation->call->Completed(operation->kind, ok);
    }
  }

  void Shutdown() {
    server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
    queue_->Shutdown();
  }

 private:
  class Call;
  enum Kind { kRequested, kRead, kWritten, kFinished };
  static constexpr int kKinds = 4;
  struct Operation {
    Call* call;
    Kind kind;
  };

  // One RPC. Freed when its last operation has completed.
  class Call {
   public:
    explicit Call(Server* server) : server_(server), stream_(&context_) {
      for (int kind = 0; kind < kKinds; kind++) operations_[kind] = {this, static_cast<Kind>(kind)};
      pending_ = 1;
      server->service_.RequestProcessCallerInput(
          &context_, &stream_, server->queue_.get(), server->queue_.get(), &operations_[kRequested]);
    }

    void Completed(Kind kind, bool ok) {
      pending_--;
      switch (kind) {
        case kRequested:
          if (ok) {
            new Call(server_);
            server_->counts_.rpcs++;
            Read();
          }
          break;
        case kRead:
          if (ok) Received();
          else if (!answering_) Finish();
          break;
        case kWritten:
          writing_ = false;
          if (answering_) WriteAndFinish(server_->answer_);
          break;
        case kFinished:
          break;
      }
      if (pending_ == 0) delete this;
    }

   private:
    void Read() {
      pending_++;
      stream_.Read(&request_, &operations_[kRead]);
    }

    void Received() {
      switch (request_.voice_va_input_type_case()) {
        case media::VoiceVARequest::kAudioInput: {
          const auto& audio = request_.audio_input();
          server_->counts_.frames++;
          server_->counts_.bytes += static_cast<int64_t>(audio.caller_audio().size());
          const int64_t rate = audio.sample_rate_hertz() > 0 ? audio.sample_rate_hertz() : 8000;
          const int64_t width = audio.encoding() == media::VoiceInput::LINEAR16_FORMAT ? 2 : 1;
          heard_us_ += static_cast<int64_t>(audio.caller_audio().size()) * 1'000'000 / (rate * width);
          if (!started_ && heard_us_ >= server_->options_.start_ms * 1000) {
            started_ = true;
            Write(server_->start_of_input_);
          } else if (started_ && !ended_ && !writing_ && heard_us_ >= server_->options_.end_ms * 1000) {
            ended_ = answering_ = true;
            Write(server_->end_of_input_);
          }
          if (!finishing_) Read();
          return;
        }
        case media::VoiceVARequest::kEventInput:
          switch (request_.event_input().event_type()) {
            case media::EventInput::START_OF_DTMF:
              Finish();
              return;
            case media::EventInput::SESSION_END:
              WriteAndFinish(media::VoiceVAResponse::default_instance());
              return;
            default:
              WriteAndFinish(server_->answer_);
              return;
          }
        case media::VoiceVARequest::kDtmfInput:
          WriteAndFinish(server_->answer_);
          return;
        default:
          Read();
      }
    }

    void Write(const media::VoiceVAResponse& response) {
      writing_ = true;
      pending_++;
      stream_.Write(response, &operations_[kWritten]);
    }

    void WriteAndFinish(const media::VoiceVAResponse& response) {
      if (finishing_) return;
      finishing_ = true;
      pending_++;
      stream_.WriteAndFinish(response, grpc::WriteOptions(), grpc::Status::OK, &operations_[kFinished]);
    }

    void Finish() {
      if (finishing_) return;
      finishing_ = true;
      pending_++;
      stream_.Finish(grpc::Status::OK, &operations_[kFinished]);
    }

    Server* server_;
    grpc::ServerContext context_;
    grpc::ServerAsyncReaderWriter<media::VoiceVAResponse, media::VoiceVARequest> stream_;
    media::VoiceVARequest request_;
    std::array<Operation, kKinds> operations_;
    int pending_ = 0;
    int64_t heard_us_ = 0;
    bool started_ = false, ended_ = false, writing_ = false, answering_ = false, finishing_ = false;
  };

  Options options_;
  media::VoiceVirtualAgent::AsyncService service_;
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::unique_ptr<grpc::Server> server_;
  media::VoiceVAResponse answer_, start_of_input_, end_of_input_;
  Counts counts_;
  int port_ = 0;
};

[[noreturn]] void Usage() {
  std::fprintf(stderr, "usage: baseline_server [--address HOST:PORT] [--start-ms N] [--end-ms N] [--answer-ms N]\n");
  std::exit(64);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i++) {
    const char* name = argv[i];
    if (++i == argc) Usage();
    if (!std::strcmp(name, "--address")) options.address = argv[i];
    else if (!std::strcmp(name, "--start-ms")) options.start_ms = std::atoll(argv[i]);
    else if (!std::strcmp(name, "--end-ms")) options.end_ms = std::atoll(argv[i]);
    else if (!std::strcmp(name, "--answer-ms")) options.answer_ms = std::atoll(argv[i]);
    else Usage();
  }

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  Server server(options);
  if (!server.started()) {
    std::fprintf(stderr, "baseline_server: cannot listen on %s\n", options.address.c_str());
    return 1;
  }
  std::printf("listening on %s%d\n", options.address.substr(0, options.address.rfind(':') + 1).c_str(), server.port());
  std::fflush(stdout);

  std::thread thread([&server] { server.Run(); });
  int signal;
  sigwait(&signals, &signal);
  server.Shutdown();
  thread.join();
  const Counts& counts = server.counts();
  std::printf("{\"rpcs\": %lld, \"frames\": %lld, \"bytes\": %lld}\n", static_cast<long long>(counts.rpcs),
              static_cast<long long>(counts.frames), static_cast<long long>(counts.bytes));
  return 0;
}
