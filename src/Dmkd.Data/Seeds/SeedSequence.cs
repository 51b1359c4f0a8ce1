namespace Dmkd.Data.Seeds;

/// <summary>Derives independent seeds from one, so that no two purposes share a stream of random numbers.</summary>
public static class SeedSequence
{
    /// <summary>
    /// Mixes a seed with the path of a purpose (for example: purpose, class, image). The state starts as SplitMix64 of
    /// the seed; every step of the path is added to it and mixed again. The result is the same in every process and on
    /// every machine.
    /// </summary>
    /// <param name="seed">Seed of the run; every value is allowed.</param>
    /// <param name="path">Numbers that name the purpose; order and length matter.</param>
    /// <returns>A seed for <c>new Random(seed)</c>, in [0, <see cref="int.MaxValue"/>].</returns>
    public static int Derive(int seed, params ReadOnlySpan<long> path)
    {
        ulong state = Mix(unchecked((ulong)seed));
        foreach (long step in path)
            state = Mix(state + unchecked((ulong)step));
        return (int)(state >> 33);
    }

    /// <summary>One step of SplitMix64 (Steele, Lea and Flood, 2014).</summary>
    private static ulong Mix(ulong value)
    {
        unchecked
        {
            value += 0x9E3779B97F4A7C15;
            value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
            value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
            return value ^ (value >> 31);
        }
    }
}
