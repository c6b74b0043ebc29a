using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using Qmtl.Fetching;
using Qmtl.History;

namespace Qmtl.PowerShell.Arguments;

/// <summary>Offers the names that the engine has registered for something.</summary>
public abstract class RegisteredNameCompleter(Func<IEnumerable<string>> names) : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        from name in names()
        where name.StartsWith(wordToComplete.Trim('\'', '"'), StringComparison.OrdinalIgnoreCase)
        select new CompletionResult(name);
}

/// <summary>Offers the kinds of stores.</summary>
public sealed class StoreKindCompleter() : RegisteredNameCompleter(() => HistoryStoreFactory.KindNames);

/// <summary>Offers the exchanges.</summary>
public sealed class ExchangeCompleter()
    : RegisteredNameCompleter(() => from kind in SourceFactory.Kinds where !kind.IsFile select kind.Name);
