using Dmkd.Core;

namespace Dmkd.Architecture.Tests;

public sealed class SeedPurposeTests
{
    // Two streams each, from before there was one list. Their paths differ after the first step, and changing a number
    // would change results.
    private static readonly int[] SharedOfOld = [1, 2, 3, 4, 5, 41];

    [Fact]
    public void Numbers_ExceptThoseSharedOfOld_AreGivenOnce()
    {
        var numbers = typeof(SeedPurpose).GetFields().Select(field => (int)field.GetRawConstantValue()!);
        var shared = numbers.GroupBy(number => number).Where(group => group.Count() > 1);
        Assert.Equal(SharedOfOld, shared.Select(group => group.Key).Order());
        Assert.All(shared, group => Assert.Equal(2, group.Count()));
    }

    [Fact]
    public void Purposes_OfAnyAssembly_AreInTheList()
    {
        var elsewhere = new[]
        {
            Product.Core,
            Product.Data,
            Product.Contracts,
            Product.Grains,
            System.Reflection.Assembly.Load("Dmkd.Experiments"),
        }
            .SelectMany(assembly => assembly.GetTypes())
            .Where(type => type != typeof(SeedPurpose))
            .SelectMany(type =>
                type.GetFields(
                    System.Reflection.BindingFlags.Static
                        | System.Reflection.BindingFlags.NonPublic
                        | System.Reflection.BindingFlags.Public
                )
            )
            .Where(field => field.IsLiteral && field.Name.EndsWith("Purpose", StringComparison.Ordinal));
        Assert.Empty(elsewhere.Select(field => $"{field.DeclaringType}.{field.Name}"));
    }
}
