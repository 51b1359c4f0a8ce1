using Dmkd.Data.Seeds;

namespace Dmkd.Data.Tests;

public sealed class SeedSequenceTests
{
    [Fact]
    public void Derive_KnownPaths_NeverChange()
    {
        // Stored results depend on these values: they are the same in every process, version and machine.
        Assert.Equal(1896895516, SeedSequence.Derive(0));
        Assert.Equal(1663431587, SeedSequence.Derive(-1, 1, 2, 3));
    }

    [Fact]
    public void Derive_DifferentPaths_DoNotCollide()
    {
        var seeds = new HashSet<int>();
        for (int seed = 0; seed < 5; seed++)
        for (int purpose = 0; purpose < 10; purpose++)
        for (int item = 0; item < 20; item++)
            seeds.Add(SeedSequence.Derive(seed, purpose, item));

        Assert.Equal(1000, seeds.Count);
    }

    [Fact]
    public void Derive_OrderAndLength_Matter()
    {
        Assert.NotEqual(SeedSequence.Derive(1, 2, 3), SeedSequence.Derive(1, 3, 2));
        Assert.NotEqual(SeedSequence.Derive(1, 2), SeedSequence.Derive(1, 2, 0));
        Assert.NotEqual(SeedSequence.Derive(1), SeedSequence.Derive(1, 0));
    }
}
