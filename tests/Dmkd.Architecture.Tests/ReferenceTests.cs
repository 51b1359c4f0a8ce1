namespace Dmkd.Architecture.Tests;

/// <summary>
/// The arrows of docs: who may see whom. A reference that the code does not use is not in the assembly, so this is what
/// is really used.
/// </summary>
public sealed class ReferenceTests
{
    [Theory]
    [InlineData("Dmkd.Core", "")]
    [InlineData("Dmkd.Data", "Dmkd.Core")]
    [InlineData("Dmkd.Contracts", "")]
    [InlineData("Dmkd.Serving", "Dmkd.Core")]
    [InlineData("Dmkd.Hosting", "Dmkd.Contracts Dmkd.Core")]
    [InlineData("Dmkd.Grains", "Dmkd.Contracts Dmkd.Core Dmkd.Data Dmkd.Hosting Dmkd.Serving")]
    [InlineData("Dmkd.Experiments", "Dmkd.Contracts Dmkd.Core Dmkd.Data")]
    [InlineData("dmkd-silo", "Dmkd.Contracts Dmkd.Core Dmkd.Grains Dmkd.Hosting")]
    [InlineData("dmkd", "Dmkd.Contracts Dmkd.Core Dmkd.Data Dmkd.Experiments Dmkd.Grains Dmkd.Hosting Dmkd.Serving")]
    public void OwnReferences_OfAnAssembly_AreWithinTheDesign(string assembly, string allowed) =>
        Assert.Empty(
            ReferencesOf(assembly)
                .Where(name => name.StartsWith("Dmkd.", StringComparison.Ordinal))
                .Except(allowed.Split(' '))
        );

    [Theory]
    [InlineData("Dmkd.Core", "Orleans")]
    [InlineData("Dmkd.Core", "Microsoft.Extensions")]
    [InlineData("Dmkd.Core", "SkiaSharp")]
    [InlineData("Dmkd.Data", "Orleans")]
    [InlineData("Dmkd.Data", "TorchSharp")]
    [InlineData("Dmkd.Contracts", "TorchSharp")]
    [InlineData("Dmkd.Contracts", "Orleans.Runtime")]
    [InlineData("Dmkd.Serving", "Orleans")]
    [InlineData("Dmkd.Experiments", "Orleans.Runtime")]
    [InlineData("Dmkd.Experiments", "Orleans.Server")]
    [InlineData("Dmkd.Hosting", "SkiaSharp")]
    public void ForeignReferences_OfAnAssembly_LeaveThisOut(string assembly, string forbidden) =>
        Assert.DoesNotContain(
            ReferencesOf(assembly),
            name => name == forbidden || name.StartsWith(forbidden + ".", StringComparison.Ordinal)
        );

    [Theory]
    [InlineData("Dmkd.Contracts")]
    [InlineData("Dmkd.Core")]
    [InlineData("Dmkd.Data")]
    [InlineData("Dmkd.Serving")]
    [InlineData("TorchSharp")]
    [InlineData("Orleans.Core.Abstractions")]
    public void References_OfGrains_ContainWhatTheyAreMadeOf(string reference) =>
        Assert.Contains(reference, ReferencesOf("Dmkd.Grains"));

    private static string[] ReferencesOf(string assembly)
    {
        string project = assembly switch
        {
            "dmkd" => "Dmkd.Client",
            "dmkd-silo" => "Dmkd.Silo",
            _ => assembly,
        };
        using var file = new AssemblyFile(AssemblyFile.PathOf(project, assembly));
        return [.. file.References];
    }
}
