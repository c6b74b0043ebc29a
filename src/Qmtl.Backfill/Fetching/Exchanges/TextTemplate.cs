using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Qmtl.Fetching.Http;
using Qmtl.Time;

namespace Qmtl.Fetching.Exchanges;

/// <summary>
/// A text of a profile with placeholders in it, such as <c>{start:ms}</c>. docs/exchanges.md lists them.
/// </summary>
internal sealed partial class TextTemplate
{
    private const string Known =
        "{symbol}, {interval}, {count}, {limit}, times as {start:ms} (start, end, next or prev, with s, ms, us, ns or iso), and "
            + "{secret:NAME}";

    private static readonly Dictionary<string, Func<BarInterval, TimeRange, long>> Times = new()
    {
        ["start"] = (_, bars) => bars.Start,
        ["end"] = (_, bars) => bars.End,
        ["next"] = (interval, bars) => interval.Next(bars.End),
        ["prev"] = (interval, bars) => interval.Previous(bars.Start),
    };

    private readonly List<Func<HttpPage, string>> _parts = [];
    private readonly List<string> _secrets = [];

    private TextTemplate()
    {
    }

    /// <summary>The environment variables that hold what <c>{secret:NAME}</c> stands for.</summary>
    public IReadOnlyList<string> Secrets => _secrets;

    /// <summary>Whether it is one placeholder that stands for a number of JSON, such as <c>{start:ms#}</c>.</summary>
    public bool IsNumber { get; private init; }

    /// <summary>Reads a template.</summary>
    /// <param name="node">The text.</param>
    /// <param name="escape">Whether symbol and interval are percent-encoded, as parts of a path are.</param>
    /// <exception cref="ArgumentException">A placeholder is not known.</exception>
    public static TextTemplate Read(DeclaredNode node, bool escape = false)
    {
        string text = node.Text();
        MatchCollection matches = Placeholder().Matches(text);
        var template = new TextTemplate { IsNumber = matches is [{ } only] && only.Length == text.Length && only.Groups["number"].Success };
        int at = 0;
        foreach (Match match in matches)
        {
            template.AddText(node, text[at..match.Index]);
            template.Add(node, match, escape);
            at = match.Index + match.Length;
        }

        template.AddText(node, text[at..]);
        return template;
    }

    /// <summary>The text for a page.</summary>
    /// <exception cref="SourceException">A secret is not set.</exception>
    public string Fill(HttpPage page)
    {
        if (_parts.Count == 1)
        {
            return _parts[0](page);
        }

        var text = new StringBuilder();
        foreach (Func<HttpPage, string> part in _parts)
        {
            text.Append(part(page));
        }

        return text.ToString();
    }

    private static string Count(long number) => number.ToString(CultureInfo.InvariantCulture);

    private void AddText(DeclaredNode node, string text)
    {
        if (text.AsSpan().ContainsAny('{', '}'))
        {
            throw node.Wrong($"has a brace that belongs to no placeholder. There are {Known}");
        }

        if (text.Length > 0)
        {
            _parts.Add(_ => text);
        }
    }

    private void Add(DeclaredNode node, Match match, bool escape)
    {
        string name = match.Groups["name"].Value;
        string sign = match.Groups["offset"].Value;
        string unit = match.Groups["unit"].Value;
        if (match.Groups["number"].Success && match.Length != node.Text().Length)
        {
            throw node.Wrong($"has {match.Value} beside other text; with # it stands for a number, alone");
        }

        if (Times.TryGetValue(name, out Func<BarInterval, TimeRange, long>? time) && unit.Length > 0 && match.Groups["rest"].Length == 0)
        {
            AddTime(node, match, time, sign, unit);
            return;
        }

        bool hasOffset = sign.Length > 0;
        bool isText = match.Groups["number"].Success && name is not ("count" or "limit");
        switch (match.Groups["rest"].Length > 0 || isText ? string.Empty : name)
        {
            case "symbol" when !hasOffset && unit.Length == 0:
                _parts.Add(page => escape ? Uri.EscapeDataString(page.Symbol) : page.Symbol);
                break;
            case "interval" when !hasOffset && unit.Length == 0:
                _parts.Add(page => escape ? Uri.EscapeDataString(page.Interval) : page.Interval);
                break;
            case "count" when unit.Length == 0 && TryOffset(sign, out long more):
                _parts.Add(page => Count(page.Bars.CountBars(page.Stream.Interval) + more));
                break;
            case "limit" when unit.Length == 0 && TryOffset(sign, out long extra):
                _parts.Add(page => Count(page.Limit + extra));
                break;
            case "secret" when !hasOffset && unit.Length > 0 && !escape:
                _secrets.Add(unit);
                _parts.Add(page => page.SecretOf(unit));
                break;
            case "secret" when escape:
                throw node.Wrong("has a secret in a path, which logs on the way show. Send it in a header");
            default:
                throw node.Wrong($"has the placeholder {match.Value}, which is none. There are {Known}");
        }
    }

    private void AddTime(DeclaredNode node, Match match, Func<BarInterval, TimeRange, long> time, string sign, string unit)
    {
        long steps = sign switch { "+step" => 1, "-step" => -1, _ => 0 };
        if (!TryOffset(steps == 0 ? sign : string.Empty, out long offset)
            || (unit == "iso" && match.Groups["number"].Success)
            || (unit != "iso" && !EpochUnit.Words.ContainsKey(unit)))
        {
            throw node.Wrong($"has the placeholder {match.Value}, which is none. There are {Known}");
        }

        _parts.Add(page =>
        {
            BarInterval interval = page.Stream.Interval;
            long second = time(interval, page.Bars);
            second = steps == 0 ? second : interval.Add(second, steps);
            return unit == "iso" ? UnixTime.Format(second + offset) : Count((second * EpochUnit.Words[unit]) + offset);
        });
    }

    private static bool TryOffset(string sign, out long offset)
    {
        offset = 0;
        return sign.Length == 0 || long.TryParse(sign, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out offset);
    }

    [GeneratedRegex(@"\{(?<name>[A-Za-z]*)(?<offset>[+-](?:[0-9]{1,9}|step))?(?::(?<unit>[A-Za-z0-9_]*))?(?<number>#)?(?<rest>[^{}]*)\}")]
    private static partial Regex Placeholder();
}

/// <summary>The units in which exchanges count time since the epoch: how many there are in a second.</summary>
internal static class EpochUnit
{
    public static IReadOnlyDictionary<string, long> Words { get; } = new Dictionary<string, long>
    {
        ["s"] = 1,
        ["ms"] = 1_000,
        ["us"] = 1_000_000,
        ["ns"] = 1_000_000_000,
    };
}
