#!/usr/bin/env bash
# Run the suite of the action under `segment-pendo run`; keep, explain, compare and tell what it sent.
# Ends as the run does; with FAIL_ON_DIFFERENCE=true also with 1 where the calls differ from REFERENCE.
set -euo pipefail

mark="<!-- segment-pendo $REFERENCE -->" # by it our comment is found again, whatever else comments

# Comment on the pull request what a file holds, in the place of an earlier comment of ours.
comment() {
    local all="repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments" ours
    ours=$(gh api "$all" --paginate --jq ".[] | select(.body | startswith(\"$mark\")) | .id" | tail -n 1) || return
    if [[ -n $ours ]]; then
        gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$ours" --field "body=@$1"
    elif ((differs)); then
        gh api --silent "$all" --field "body=@$1"
    fi
}

token=${GH_TOKEN:-}
unset GH_TOKEN # the suite has no use for it

folder=$RUNNER_TEMP/segment-pendo
mkdir -p "$folder"
echo "folder=$folder" >>"$GITHUB_OUTPUT"

program=$RUNNER_TEMP/segment-pendo-venv/bin/segment-pendo
if [[ ! -x $program ]]; then # a job may use the action several times
    echo "::group::Install segment-pendo"
    python -m venv "$RUNNER_TEMP/segment-pendo-venv"
    python=$RUNNER_TEMP/segment-pendo-venv/bin/python
    own=$(realpath "$GITHUB_ACTION_PATH/../../..")
    "$python" -m pip install --quiet uv
    "$python" -m uv pip install --quiet --python "$python" "${INSTALL:-segment-pendo[proxy] @ file://$own}"
    echo "::endgroup::"
fi

line=("$program" run --port 0 --expect "$EXPECT" --record "$folder/calls.jsonl" --redact "$REDACT")
if [[ -n $FAIL_ON ]]; then
    line+=(--fail-on "$FAIL_ON")
fi
read -r -a more <<<"$OPTIONS"
code=0
"${line[@]}" ${more[@]+"${more[@]}"} -- bash -c "$SUITE" 2>&1 | tee "$folder/run.txt" || code=${PIPESTATUS[0]}

if [[ -s $folder/calls.jsonl ]]; then
    "$program" explain "$folder/calls.jsonl" >"$folder/explanation.txt" || true
    if [[ -n $REFERENCE ]]; then
        differs=0
        "$program" diff "$REFERENCE" "$folder/calls.jsonl" --format markdown >"$folder/difference.md" || differs=$?
        if ((differs > 1)); then
            exit "$differs" # it said why
        fi
        {
            echo "$mark"
            echo "### segment-pendo: calls beside $REFERENCE"
            echo
            cat "$folder/difference.md"
        } >"$folder/summary.md"
        cat "$folder/summary.md" >>"$GITHUB_STEP_SUMMARY"
        if [[ $COMMENT == true && -n $PULL_REQUEST ]]; then
            # Pull requests from forks may not comment: the summary of the job has the same.
            GH_TOKEN=$token comment "$folder/summary.md" \
                || echo "::warning::segment-pendo could not comment on the pull request; the job's summary has the differences"
        fi
        if [[ $FAIL_ON_DIFFERENCE == true ]] && ((differs && !code)); then
            echo "::error::segment-pendo: the calls differ from $REFERENCE"
            code=1
        fi
    fi
fi
exit "$code"
