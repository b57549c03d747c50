#!/bin/sh
# Runs dictum, line by line, against model servers that this project did not write, each in the protocols that it speaks. What is not
# installed is skipped with a line that says so. It reaches nothing but this machine, and needs no key.
#
#   tests/real_servers.sh [path/to/dictum]
#
# LLMock (pip install llmock)                chat completions, Responses, Anthropic Messages, Gemini; checks each request, and judges
# LiteLLM (pip install 'litellm[proxy]')     chat completions and Anthropic Messages, with a mock reply
# llama.cpp (llama-server)                   chat completions; LLAMA_MODEL names a .gguf file, however small
# Ollama (a running server)                  its own protocol; OLLAMA_MODEL names a model that it has
#
# LLMOCK, LITELLM and LLAMA_SERVER name the programs where they are not on the PATH.
set -u

dictum=$(realpath "${1:-target/debug/dictum}")
[ -x "$dictum" ] || { echo "There is no program $dictum; build it first with \`cargo build\`."; exit 2; }
command -v curl >/dev/null || { echo "skipped: curl is not installed, which waits for the servers"; exit 0; }

work=$(mktemp -d)
started=""
# Only what was started here is ended.
trap 'for one in $started; do kill "$one" 2>/dev/null; done; rm -rf "$work"' EXIT INT TERM
mkdir "$work/project"
printf '# KB\n\n- Use pnpm.\n' >"$work/project/KB.md"
port=$((20000 + $$ % 20000))
failed=0

# start NAME URL PROGRAM ARGUMENTS: starts a server and waits until it answers.
start() {
    name=$1 url=$2
    shift 2
    "$@" >"$work/$name.log" 2>&1 &
    server=$!
    started="$started $server"
    for _ in $(seq 120); do
        curl -s -o "$work/answer" -m 2 "$url" && return 0
        kill -0 "$server" 2>/dev/null || break
        sleep 1
    done
    echo "FAILED: $name did not start:"
    tail -n 5 "$work/$name.log"
    failed=1
    return 1
}

# ask NAME EXPECTED ARGUMENTS: one message through dictum; its output must hold EXPECTED behind the message.
ask() {
    name=$1 expected=$2
    shift 2
    output=$(cd "$work/project" && printf 'hello there friend\n' | env -i PATH="$PATH" HOME="$work" NO_PROXY='*' \
        OPENAI_API_KEY=sk-none ANTHROPIC_API_KEY=sk-none GEMINI_API_KEY=none DICTUM_PROTOCOL="${protocol:-}" \
        OLLAMA_HOST="${OLLAMA_HOST:-}" timeout 600 "$dictum" "$@" --plain 2>&1)
    reply=$(printf '%s\n' "$output" | sed '1,/^You: hello there friend/d')
    if printf '%s\n' "$reply" | grep -qiE "$expected" && ! printf '%s\n' "$reply" | grep -qE '^(Error|Warning):'; then
        echo "ok: $name"
    else
        echo "FAILED: $name"
        printf '%s\n' "$output" | sed 's/^/    /'
        failed=1
    fi
}

if llmock=$(command -v "${LLMOCK:-llmock}"); then
    base="http://127.0.0.1:$port"
    if start llmock "$base/v1/models" "$llmock" serve --host 127.0.0.1 --port "$port" --response-style echo; then
        ask "LLMock, chat completions" 'you said' --provider openai --base-url "$base/v1" --model gpt-4o
        ask "LLMock, Responses" 'you said' --provider openai --base-url "$base/v1/responses" --model gpt-5.1
        ask "LLMock, Anthropic Messages" 'you said' --provider anthropic --base-url "$base/anthropic" --model claude-sonnet-4-5
        ask "LLMock, Gemini" 'you said' --provider gemini --base-url "$base/gemini/v1beta" --model gemini-2.5-flash
        ask "LLMock, as Mistral" 'you said' --provider openai --base-url "$base/mistral/v1" --model mistral-small
        if "$llmock" report --url "$base" >"$work/verdict" 2>&1; then
            echo "ok: LLMock's verdict on the requests"
        else
            echo "FAILED: LLMock's verdict:"
            cat "$work/verdict"
            failed=1
        fi
    fi
else
    echo "skipped: LLMock is not installed (pip install llmock)"
fi

port=$((port + 1))
if litellm=$(command -v "${LITELLM:-litellm}"); then
    base="http://127.0.0.1:$port"
    cat >"$work/litellm.yaml" <<'END'
model_list:
  - model_name: mock
    litellm_params:
      model: openai/mock
      api_key: none
      mock_response: "Understood through LiteLLM."
END
    if start litellm "$base/health/liveliness" env LITELLM_TELEMETRY=False LITELLM_LOCAL_MODEL_COST_MAP=True \
        LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY=true \
        "$litellm" --config "$work/litellm.yaml" --host 127.0.0.1 --port "$port"; then
        ask "LiteLLM, chat completions" 'through LiteLLM' --provider openai --base-url "$base/v1" --model mock
        ask "LiteLLM, Anthropic Messages" 'through LiteLLM' --provider anthropic --base-url "$base" --model mock
        ask "LiteLLM, the first model of its list" 'through LiteLLM' --provider openai --base-url "$base/v1"
    fi
else
    echo "skipped: LiteLLM is not installed (pip install 'litellm[proxy]')"
fi

port=$((port + 1))
if ! llama=$(command -v "${LLAMA_SERVER:-llama-server}"); then
    echo "skipped: llama.cpp's llama-server is not installed"
elif [ ! -f "${LLAMA_MODEL:-}" ]; then
    echo "skipped: llama.cpp needs a model; name a .gguf file in LLAMA_MODEL"
else
    base="http://127.0.0.1:$port"
    # A model that is being loaded answers 503, which dictum waits for.
    if start llama.cpp "$base/health" "$llama" -m "$LLAMA_MODEL" --host 127.0.0.1 --port "$port" -c 32768 --jinja; then
        ask "llama.cpp" '.' --provider openai --base-url "$base/v1"
    fi
fi

if [ -z "${OLLAMA_MODEL:-}" ]; then
    echo "skipped: Ollama; name a model that it has in OLLAMA_MODEL"
else
    ask "Ollama" '.' --provider ollama --model "$OLLAMA_MODEL"
fi

exit "$failed"
