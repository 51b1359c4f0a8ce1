namespace Dmkd.Data.Partitioning;

/// <summary>Draws from the symmetric Dirichlet distribution.</summary>
internal static class DirichletShares
{
    /// <summary>Draws shares that sum to one.</summary>
    /// <param name="count">Number of shares, at least 1.</param>
    /// <param name="concentration">The distribution's parameter, above 0: small ones make one share take nearly
    /// all.</param>
    /// <param name="random">Source of randomness. Borrowed.</param>
    /// <returns>Shares in [0, 1], shape [count], owned by the caller.</returns>
    public static double[] Draw(int count, double concentration, Random random)
    {
        // Normalised gamma draws, as logarithms: at a concentration of 0.01 the draws themselves would all be zero.
        double[] shares = new double[count];
        for (int i = 0; i < count; i++)
            shares[i] = LogGamma(concentration, random);
        double largest = shares.Max();
        for (int i = 0; i < count; i++)
            shares[i] = Math.Exp(shares[i] - largest);
        double sum = shares.Sum();
        for (int i = 0; i < count; i++)
            shares[i] /= sum;
        return shares;
    }

    /// <summary>Logarithm of a gamma draw with scale 1; below shape 1 by Gamma(a) = Gamma(a + 1) U^(1/a).</summary>
    private static double LogGamma(double shape, Random random) =>
        shape >= 1
            ? Math.Log(Gamma(shape, random))
            : Math.Log(Gamma(shape + 1, random)) + Math.Log(1 - random.NextDouble()) / shape;

    /// <summary>Marsaglia and Tsang's method (2000), for shapes of at least 1.</summary>
    private static double Gamma(double shape, Random random)
    {
        double d = shape - 1.0 / 3;
        double c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            double x = Normal(random);
            double v = Math.Pow(1 + c * x, 3);
            if (v > 0 && Math.Log(1 - random.NextDouble()) < 0.5 * x * x + d - d * v + d * Math.Log(v))
                return d * v;
        }
    }

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
