using System.Management.Automation;
using Qmtl.Messages;

namespace Qmtl.PowerShell.Output;

/// <summary>
/// Text that somebody else chose and that a terminal would obey. To a script it is the text; where PowerShell writes it, in a table of its
/// own or <c>Format-List *</c>, such characters are written out.
/// </summary>
internal sealed class OutsideText : PSObject
{
    private OutsideText(string text)
        : base(text)
    {
    }

    /// <summary>The value; text that a terminal would obey in a form in which it does not.</summary>
    public static object? Of(object? value) => value is string text && IsObeyed(text) ? new OutsideText(text) : value;

    /// <inheritdoc/>
    public override string ToString() => PlainText.Escape((string)BaseObject);

    private static bool IsObeyed(string text) => !ReferenceEquals(PlainText.Escape(text), text);
}
