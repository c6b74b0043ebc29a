using System.Globalization;

namespace Qmtl.Fetching.Files;

/// <summary>
/// How a culture writes numbers and dates in text: what of it matters for files. It is a table of ours, because programs that run without
/// ICU, as <c>qmtl</c> does, know no cultures, and because a file must be read alike on every machine.
/// </summary>
/// <param name="Name">The culture's name, or part of it.</param>
/// <param name="HasDecimalComma">Whether 1,5 is one and a half; otherwise 1.5 is.</param>
/// <param name="Dates">What comes first in 1/2/2024.</param>
internal sealed record CsvCulture(string Name, bool HasDecimalComma, DateOrder Dates)
{
    // By Unicode's CLDR, languages first and then the countries that differ.
    private const string CommaLanguages =
        " af az be bg bs ca cs da de el es et eu fi fo fr gl hr hu hy id is it ka kk kl lb lt lv mk nb nl nn no pl pt ro ru sk sl sq sr "
        + "sv tk tr uk uz vi ";

    private const string PointLanguages = " am ar bn cy en fa fil ga gu he hi ja kn ko ml mn mr ms my ne pa si sw ta te th ur zh ";

    private const string PointCultures =
        " de-CH de-LI es-419 es-DO es-GT es-HN es-MX es-NI es-PA es-PE es-PR es-SV es-US it-CH ";

    // Where the year comes first, 1/2/2024 is no date of the culture's. Of Canada's English, not even CLDR's versions are of one mind.
    private const string YearFirst = " af en-CA en-SE en-ZA eu fa fr-CA hu ja ko lt mn ne si sv zh ";
    private const string DayFirst = " zh-HK zh-MO zh-SG ";
    private const string MonthFirst =
        " en en-AS en-BI en-GU en-MH en-MP en-PH en-PR en-UM en-US en-VI es-PA es-PR fil fil-PH ";

    /// <summary>What a decimal comma says of a file where nobody named a culture.</summary>
    public static CsvCulture DecimalComma { get; } = new(string.Empty, HasDecimalComma: true, DateOrder.DayFirst);

    /// <summary>The culture of a name such as <c>de-DE</c>, <c>de</c> or <c>en-US</c>.</summary>
    /// <exception cref="ArgumentException">There is none of that name in the table.</exception>
    public static CsvCulture Of(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        string[] parts = name.Replace('_', '-').Split('-');
        string language = parts[0].ToLowerInvariant();
        bool isComma = CommaLanguages.Contains($" {language} ", StringComparison.Ordinal);
        if (language.Length == 0 || parts.Length > 3 || !(isComma || PointLanguages.Contains($" {language} ", StringComparison.Ordinal)))
        {
            throw new ArgumentException(
                $"'{name}' is no culture that is known here. Name one that writes numbers and dates as the file does, such as en-US, en-GB "
                    + "or de-DE.");
        }

        string country = parts[^1].ToUpperInvariant();
        string whole = parts.Length == 1 ? language : $"{language}-{country}";
        DateOrder dates = IsIn(MonthFirst, whole) ? DateOrder.MonthFirst
            : IsIn(YearFirst, whole) || (IsIn(YearFirst, language) && !IsIn(DayFirst, whole)) ? DateOrder.YearFirst
            : DateOrder.DayFirst;
        return new CsvCulture(name, isComma && !IsIn(PointCultures, whole), dates);

        static bool IsIn(string list, string word) => list.Contains($" {word} ", StringComparison.Ordinal);
    }

    /// <summary>A number as every program writes it; null where the text is no number as the culture writes it.</summary>
    public string? Plain(string field)
    {
        ReadOnlySpan<char> text = field.AsSpan().Trim();
        (char point, char group) = HasDecimalComma ? (',', '.') : ('.', ',');
        Span<char> plain = text.Length <= 64 ? stackalloc char[text.Length] : new char[text.Length];
        (int length, int digits, int grouped) = (0, 0, -1);
        int i = 0;
        if (text is ['-' or '+', ..])
        {
            plain[length++] = text[i++];
        }

        for (; i < text.Length && text[i] != point && text[i] is not ('e' or 'E'); i++)
        {
            if (char.IsAsciiDigit(text[i]))
            {
                plain[length++] = text[i];
                digits++;
                grouped += grouped >= 0 ? 1 : 0;
            }
            else if ((text[i] == group || text[i] is ' ' or '\u00A0' or '\u202F' or '\'' or '\u2019')
                && (grouped == 3 || (grouped < 0 && digits is > 0 and <= 3)))
            {
                grouped = 0;
            }
            else
            {
                return null;
            }
        }

        if (grouped is >= 0 and not 3)
        {
            return null;
        }

        for (; i < text.Length; i++)
        {
            plain[length++] = text[i] == point ? '.' : text[i] is (>= '0' and <= '9') or 'e' or 'E' or '+' or '-' ? text[i] : 'x';
        }

        string number = plain[..length].ToString();
        return double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out _) ? number : null;
    }

    /// <summary>
    /// A date, also one with a time of day, with its year first and dashes, where it is written otherwise and of one meaning: a year that
    /// comes first, or days and months with points between them. With a culture, 1/2/2024 has one, too, unless the culture writes the year
    /// first. Any other text is left as it is.
    /// </summary>
    public static string WithYearFirst(string text, CsvCulture? culture)
    {
        ReadOnlySpan<char> all = text.AsSpan().Trim();
        int first = all.IndexOfAnyExceptInRange('0', '9');
        if (first is not (1 or 2 or 4) || all[first] is not ('.' or '/' or '-') || (first == 4 && all[first] == '-'))
        {
            return text;
        }

        char mark = all[first];
        int end = all.IndexOfAny(' ', 'T');
        ReadOnlySpan<char> date = end < 0 ? all : all[..end];
        Span<Range> parts = stackalloc Range[4];
        if (date.Split(parts, mark) != 3 || !IsNumber(date[parts[0]]) || !IsNumber(date[parts[1]]) || !IsNumber(date[parts[2]]))
        {
            return text;
        }

        (Range year, Range month, Range day) = first == 4 ? (parts[0], parts[1], parts[2])
            : culture?.Dates == DateOrder.MonthFirst && mark != '.' ? (parts[2], parts[0], parts[1])
            : (parts[2], parts[1], parts[0]);
        bool isOne = date[year].Length == 4 && (first == 4 || mark == '.' || culture is { Dates: not DateOrder.YearFirst });
        return isOne
            ? $"{date[year]}-{date[month].ToString().PadLeft(2, '0')}-{date[day].ToString().PadLeft(2, '0')}{all[date.Length..]}"
            : text;

        static bool IsNumber(ReadOnlySpan<char> part) => part.Length is > 0 and <= 4 && !part.ContainsAnyExceptInRange('0', '9');
    }
}

/// <summary>What comes first in a date that has the year at its end, such as 1/2/2024.</summary>
internal enum DateOrder
{
    /// <summary>The day.</summary>
    DayFirst,

    /// <summary>The month.</summary>
    MonthFirst,

    /// <summary>No telling: dates are written with the year first.</summary>
    YearFirst,
}

/// <summary>Finds out whether the numbers of a file have a decimal comma.</summary>
internal sealed class CommaEvidence
{
    private string? _ambiguous;
    private bool _hasPoint;

    /// <summary>Whether a number had a comma that can be nothing else.</summary>
    public bool IsDecimal { get; private set; }

    /// <summary>A number that can be read in two ways, where nothing else in the file tells in which; null otherwise.</summary>
    public string? Doubt => IsDecimal || _hasPoint ? null : _ambiguous;

    /// <summary>Takes a field into account.</summary>
    public void LookAt(string field)
    {
        int comma = field.IndexOf(',', StringComparison.Ordinal);
        if (comma < 0)
        {
            _hasPoint |= !_hasPoint && field.Contains('.', StringComparison.Ordinal);
        }
        else if (!IsDecimal && CsvCulture.DecimalComma.Plain(field) is not null)
        {
            // 1,234 is a thousand and more, or one and a quarter; 0,234 and 1,23 are of one meaning.
            ReadOnlySpan<char> whole = field.AsSpan(0, comma).Trim().TrimStart("+-");
            bool isAmbiguous = field.AsSpan(comma + 1).Trim().Length == 3 && whole is { Length: > 0 and <= 3 } and not ['0', ..]
                && !whole.Contains('.');
            IsDecimal = !isAmbiguous;
            _ambiguous ??= field;
        }
    }
}
