using Dmkd.Data.Images;

namespace Dmkd.Data.Tests;

/// <summary>Expectations about messages.</summary>
internal static class DatasetErrors
{
    /// <summary>Loading fails with one line that contains every part.</summary>
    public static void Expect(DatasetSpec spec, params string[] parts) => Expect(() => Datasets.Load(spec), parts);

    /// <inheritdoc cref="Expect(DatasetSpec, string[])"/>
    public static void Expect(Action action, params string[] parts)
    {
        string message = Assert.Throws<DatasetException>(action).Message;
        Assert.DoesNotContain('\n', message);
        foreach (string part in parts)
            Assert.Contains(part, message, StringComparison.Ordinal);
    }
}
