namespace Qmtl.Data;

/// <summary>What the values of a column tell of its type. All of them are looked at first.</summary>
/// <param name="name">The column's name.</param>
internal sealed class ColumnEvidence(string name)
{
    private readonly bool _isMeasure = ColumnNames.IsMeasure(name);
    private readonly bool _isAmount = ColumnNames.IsAmount(name);
    private BarColumnType? _declared;
    private bool _isExact;
    private bool _isDeclaredWhole;
    private bool _isWide;
    private bool _hasFraction;
    private long _numbers;
    private long _flags;
    private long _texts;
    private long _numberTexts;

    /// <summary>
    /// The column's name as it will be stored. A measure has one spelling whatever the source's, so that two sources fill one column.
    /// </summary>
    public string Name { get; private set; } = ColumnNames.IsMeasure(name) ? name.ToLowerInvariant() : name;

    /// <summary>Whether nothing that is looked at changes the type.</summary>
    public bool IsKnown => _declared is not null || (_isMeasure && !_isExact);

    /// <summary>
    /// The type: numbers are doubles, so that a column which is whole today may have fractions tomorrow, unless whole numbers are declared
    /// or one needs more than 53 bits. A few texts among many numbers are values that cannot be read, and not the type of the column.
    /// </summary>
    public BarColumnType Type
    {
        get
        {
            if (_declared is { } declared)
            {
                return declared;
            }

            if (_isExact)
            {
                return _flags > 0 ? BarColumnType.Boolean : _numbers > 0 && !_hasFraction ? BarColumnType.Long : BarColumnType.Double;
            }

            long numbers = _numbers + _numberTexts;
            bool isWhole = (_isDeclaredWhole || _isWide) && !_hasFraction;
            if (_isMeasure || _isAmount)
            {
                return isWhole && !_isMeasure && _flags + _texts == 0 ? BarColumnType.Long : BarColumnType.Double;
            }

            if (_numbers > 0 && _flags == 0 && numbers > _texts)
            {
                return isWhole ? BarColumnType.Long : BarColumnType.Double;
            }

            // A column without a value says nothing of its type; stores leave such a column out until it has one.
            return numbers + _texts > 0 ? BarColumnType.String : _flags > 0 ? BarColumnType.Boolean : BarColumnType.Double;
        }
    }

    /// <summary>Says that the column's values are declared to be whole numbers of 64 bits.</summary>
    public void DeclareWhole() => _isDeclaredWhole = true;

    /// <summary>Says which type the column is declared to have, whatever its name; its name is taken as it is.</summary>
    public void Declare(BarColumnType type) => (_declared, Name) = (type, name);

    /// <summary>Says that only whole numbers are written without a point or an exponent; the column's name is taken as it is.</summary>
    public void DeclareExact() => (_isExact, Name) = (true, name);

    /// <summary>
    /// Takes a value into account: null, a double, a long, a bool or a text. A text is a number only among other numbers.
    /// </summary>
    public void LookAt(object? value)
    {
        switch (value)
        {
            case long number:
                LookAt(number);
                break;
            case double number:
                _numbers++;
                _hasFraction |= !double.IsInteger(number) || Math.Abs(number) > ColumnType.LargestExactInDouble;
                break;
            case bool:
                _flags++;
                break;
            case string text when ValueText.TryReadNumber(text, out double number):
                _numberTexts++;
                _hasFraction |= !double.IsInteger(number) || Math.Abs(number) > ColumnType.LargestExactInDouble;
                break;
            case string text when !ValueText.IsAbsent(text):
                _texts++;
                break;
        }
    }

    /// <summary>Takes into account that all values are of the type; false for texts, of which each may be a number.</summary>
    public bool TryLookAt(BarColumnType type)
    {
        _numbers += type is BarColumnType.Long or BarColumnType.Double ? 1 : 0;
        _hasFraction |= type == BarColumnType.Double;
        _flags += type == BarColumnType.Boolean ? 1 : 0;
        return type != BarColumnType.String;
    }

    /// <summary>
    /// Adds a row for a value that the column does not take: a null; for one that should be a number in an amount NaN, which has the row
    /// rejected and counted.
    /// </summary>
    /// <returns>Whether it should have been a value; false where it says that there is none.</returns>
    public bool AddMisfit(ColumnBuilder column, object value)
    {
        bool isMisfit = !(value is string text && ValueText.IsAbsent(text));
        if (isMisfit && _isAmount && column is ColumnBuilder<double> numbers)
        {
            numbers.Add(double.NaN);
        }
        else
        {
            column.AddNull();
        }

        return isMisfit;
    }

    /// <summary>Takes a field of a text file into account, where numbers, true and false are text, too.</summary>
    public void LookAtField(string field)
    {
        if (ValueText.TryReadWhole(field, out long whole))
        {
            LookAt(whole);
        }
        else if (ValueText.TryReadNumber(field, out _))
        {
            _numbers++;
            _hasFraction = true;
        }
        else if (bool.TryParse(field, out bool flag))
        {
            LookAt((object)flag);
        }
        else
        {
            LookAt((object)field);
        }
    }

    private void LookAt(long number)
    {
        _numbers++;
        _isWide |= number is > ColumnType.LargestExactInDouble or < -ColumnType.LargestExactInDouble;
    }
}
