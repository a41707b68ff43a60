"""Code fences: which of them hold code, and which hold what the response says."""

import re

FENCE = r"(?:`{3,5}|~{3,5})"
_DELIMITER = re.compile(rf"[ \t>]*{FENCE}[^`~\n]*")
_DELIMITER_LINE = re.compile(rf"^[ \t>]*+{FENCE}[^`~\n]*(?:\n|\Z)", re.MULTILINE)

# The names of programming, data and formula languages in common use; under any other name stands a document.
_LANGUAGES = frozenset(
    """asm assembly asy asymptote awk bash bat batch bibtex c c# c++ cc clojure cmake cmd console coq cpp cs csharp css
    csv cuda dart diff docker dockerfile dot elixir elm erlang f# fish fortran fsharp gherkin go golang gradle graphql
    graphviz groovy h haskell hcl hpp hs http ini ipython java javascript jl js json json5 jsonc jsonl jsx julia kotlin
    kt latex lean less lisp log lua make makefile maple math mathematica matlab mermaid mips nasm nginx nim nix objc
    objective-c ocaml octave output pascal patch perl php pl plaintex postgresql powershell prolog properties proto
    protobuf ps1 pseudocode py pycon python python3 r racket rb regex rs ruby rust sage sas sass scala scheme scss sed
    sh shell solidity sql stata sv svelte swift sympy systemverilog tcl terraform tex tikz toml tool_code ts tsx
    typescript vb vba verilog vhdl vim vue wasm wolfram yaml yml zig zsh""".split()
)
_CODE_LINE = re.compile(
    r"""\s*(?:
        (?:def|class|function|struct|public|private|static|const|let|var|int|float|void|func|fn)\s+\w+.*[({=:;]
      | (?:if|elif|for|while|switch|with|try|except)\b.*[:{]\s*$ | (?:else|try|finally)\s*[:{] | return\b | import\s+[\w.]+\s*$
      | from\s+[\w.]+\s+import\b | \#include\b | \#! | // | /\* | >>>\s | \$\s+\w | (?:sudo|pip|npm|git|cd)\s+\S
      | SELECT\s.*\bFROM\b | [A-Za-z_][\w.\[\]]*\s*(?:[-+*/]|:)?=\s*\S | [A-Za-z_][\w.]*\(.*\)\s*;?\s*$ | .*[=()].*;\s*$
      | [{}\[\]()]+[,;]?\s*$ | (?!.*[^\W\d_]{2})(?=.*\d).*[-+*/=^<>]
    )""",
    re.VERBOSE,
)


def is_code(info: str, body: str) -> bool:
    """Whether a fence holds code: by the language it names, and where it names none by most of its lines."""
    named = info.strip().strip("{}.").lower().split(None, 1)
    if named:
        return named[0].strip(".,{}") in _LANGUAGES
    lines = [line for line in body.split("\n") if line.strip()]
    return 2 * sum(1 for line in lines if _CODE_LINE.match(line)) > len(lines)


def is_delimiter(span: str) -> bool:
    """Whether a span that is set aside is only the line that opens or closes a fence."""
    return _DELIMITER.fullmatch(span) is not None


def unfenced(text: str) -> str:
    """The text without the lines that open and close fences."""
    return _DELIMITER_LINE.sub("", text) if "```" in text or "~~~" in text else text
