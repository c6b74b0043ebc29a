using System.Runtime.CompilerServices;

namespace Qmtl.Caching;

/// <summary>What an array takes in memory.</summary>
internal static class ArraySize
{
    // Object header, method table, length: on 64 bits.
    private const int Overhead = 24;

    /// <summary>Bytes of an array; what its references point to is not counted.</summary>
    public static long Of<T>(int length) => Overhead + (long)Unsafe.SizeOf<T>() * length;
}
