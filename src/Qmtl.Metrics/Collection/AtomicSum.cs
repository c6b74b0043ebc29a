namespace Qmtl.Metrics.Collection;

/// <summary>Adds to a double that several threads add to.</summary>
internal static class AtomicSum
{
    public static void Add(ref double sum, double value)
    {
        double known = Volatile.Read(ref sum);
        while (true)
        {
            double before = Interlocked.CompareExchange(ref sum, known + value, known);
            if (before.Equals(known))
            {
                return;
            }

            known = before;
        }
    }
}
