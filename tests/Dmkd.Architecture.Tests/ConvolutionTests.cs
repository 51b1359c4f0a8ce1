using System.Text.RegularExpressions;

namespace Dmkd.Architecture.Tests;

/// <summary>
/// Convolutions are wrong on some machines, so all of them go through the place that tests them (docs/adr/0024).
/// </summary>
public sealed partial class ConvolutionTests
{
    private static readonly string Root = FindRoot();

    [Fact]
    public void Sources_OutsideConvolution_DoNotConvolve()
    {
        string[] folders = ["src", "client", "silo"];
        var files = folders
            .SelectMany(folder =>
                Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
            )
            .ToList();
        string[] found =
        [
            .. files
                .Where(file => OwnConvolution().IsMatch(File.ReadAllText(file)))
                .Select(file => Path.GetRelativePath(Root, file)),
        ];
        Assert.Equal([Path.Combine("src", "Dmkd.Core", "Models", "Convolution.cs")], found);
    }

    // Conv2d, ConvTranspose2d, functional.conv1d, torch.convolution, ...
    [GeneratedRegex(
        @"\b(nn|functional|F|torch)\s*\.\s*(conv\w*)\s*\(|\bConv(Transpose)?[123]d\b",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant
    )]
    private static partial Regex OwnConvolution();

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Dmkd.sln")))
                return folder.FullName;
        throw new DirectoryNotFoundException("The sources are not above the tests.");
    }
}
