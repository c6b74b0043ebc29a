using System.CommandLine;
using Qmtl.Cli.Hosting;

namespace Qmtl.Cli.Commands;

/// <summary><c>qmtl completion</c>: what a shell is told so that it completes command lines.</summary>
/// <remarks>
/// The shells ask <c>qmtl "[suggest:cursor]" "line"</c>, which System.CommandLine answers, so what they offer is always up to date.
/// </remarks>
internal sealed class CompletionCommand : CliCommand
{
    // A file's name is offered where one belongs, and nowhere else.
    private const string FileOptions = "--store|--file|--source|--metrics-file|--password-file|--log-file|--output";

    private const string Bash = $$$"""
        # bash completion of qmtl: source <(qmtl completion bash)
        _qmtl() {
            local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}" line="${COMP_LINE:0:COMP_POINT}" candidate
            # Bash breaks words at a colon, of which there are some in 1d@16:00 and in postgresql://.
            local whole="${line##*[[:space:]]}"
            local before="${whole%"$cur"}"
            COMPREPLY=()
            while IFS= read -r candidate; do
                [[ -n $candidate && $candidate == "$whole"* ]] && COMPREPLY+=("${candidate#"$before"}")
            done < <(command "${COMP_WORDS[0]}" "[suggest:${#line}]" "$line" 2>/dev/null)
            case $prev in
                {{{FileOptions}}}) compopt -o filenames 2>/dev/null
                    while IFS= read -r candidate; do COMPREPLY+=("$candidate"); done < <(compgen -f -- "$cur") ;;
            esac
        }
        complete -F _qmtl qmtl
        """;

    private const string Zsh = $$$"""
        #compdef qmtl
        # zsh completion of qmtl: source <(qmtl completion zsh)
        _qmtl() {
            local line="${(j: :)${words[1,CURRENT]}}"
            local -a candidates
            candidates=("${(@f)$(command "${words[1]}" "[suggest:${#line}]" "$line" 2>/dev/null)}")
            compadd -- "${(@)candidates:#}"
            case ${words[CURRENT-1]} in
                {{{FileOptions}}}) _files ;;
            esac
        }
        if [[ ${zsh_eval_context[-1]} == loadautofunc ]]; then _qmtl "$@"; else compdef _qmtl qmtl; fi
        """;

    private const string Fish = $$$"""
        # fish completion of qmtl: qmtl completion fish | source
        function __qmtl_complete
            set -l line (commandline -cp)
            set -l words (commandline -opc)
            set -l cursor (string length -- "$line")
            command $words[1] "[suggest:$cursor]" "$line" 2>/dev/null
        end
        function __qmtl_wants_file
            string match -qr -- '^({{{FileOptions}}})$' (commandline -opc)[-1]
        end
        complete -c qmtl -f -a '(__qmtl_complete)'
        complete -c qmtl -n __qmtl_wants_file -F
        """;

    private const string PowerShell = $$$"""
        # PowerShell completion of qmtl: qmtl completion pwsh | Out-String | Invoke-Expression
        Register-ArgumentCompleter -Native -CommandName qmtl -ScriptBlock {
            param($wordToComplete, $commandAst, $cursorPosition)
            $line = $commandAst.Extent.Text
            $line = $line.Substring(0, [math]::Min($line.Length, $cursorPosition)).PadRight($cursorPosition)
            $begun = "$([WildcardPattern]::Escape($wordToComplete))*"
            $found = @(& $commandAst.CommandElements[0].Value "[suggest:$($line.Length)]" $line 2>$null |
                Where-Object { $_ -and $_ -like $begun } |
                ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) })
            if (@($commandAst.CommandElements | Select-Object -Last 2) -match '^({{{FileOptions}}})$') {
                $found += @([System.Management.Automation.CompletionCompleters]::CompleteFilename($wordToComplete))
            }
            # Nothing at all would make PowerShell offer files; what is typed already changes nothing.
            if ($found) { $found } else { $wordToComplete.PadLeft(1) }
        }
        """;

    private readonly Argument<string> _shell = new("shell") { Description = "bash, zsh, fish or pwsh." };

    public CompletionCommand(CliHost host)
        : base(
            "completion",
            "Prints the script that makes a shell complete qmtl's command lines: commands, options, stored streams, exchanges.",
            host)
    {
        _shell.AcceptOnlyFromAmong([.. Scripts.Keys]);
        Arguments.Add(_shell);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Examples =>
    [
        "source <(qmtl completion bash)     # in ~/.bashrc",
        "source <(qmtl completion zsh)      # in ~/.zshrc, after compinit",
        "qmtl completion fish > ~/.config/fish/completions/qmtl.fish",
        "qmtl completion pwsh | Out-String | Invoke-Expression     # in $PROFILE",
    ];

    /// <summary>The scripts, by shell.</summary>
    internal static IReadOnlyDictionary<string, string> Scripts { get; } = new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        ["bash"] = Bash,
        ["fish"] = Fish,
        ["pwsh"] = PowerShell,
        ["zsh"] = Zsh,
    };

    /// <inheritdoc/>
    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        await Host.Console.Profile.Out.Writer.WriteLineAsync(Scripts[arguments.GetRequiredValue(_shell)]);
        return ExitCode.Complete;
    }
}
