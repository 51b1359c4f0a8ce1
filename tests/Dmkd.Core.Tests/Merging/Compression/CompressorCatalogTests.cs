using CsCheck;
using Dmkd.Core.Merging.Compression;

namespace Dmkd.Core.Tests.Merging.Compression;

public class CompressorCatalogTests
{
    [Fact]
    public void Names_AreTheThree() => Assert.Equal(["dense", "svd", "powersgd"], CompressorCatalog.Names);

    [Theory]
    [InlineData("dense", "dense")]
    [InlineData("dense-fp16", "dense-fp16")]
    [InlineData("svd-r8", "svd-r8")]
    [InlineData("svd-r8-feedback", "svd-r8")] // feedback is around a compressor, not in it
    [InlineData("svd-r16-fp16-feedback", "svd-r16-fp16")]
    [InlineData("powersgd-r4-feedback", "powersgd-r4")]
    public void Create_FromText_MakesTheCompressor(string text, string name) =>
        Assert.Equal(name, CompressorCatalog.Create(CompressionSettings.Parse(text), 1, new CompressedDelta([])).Name);

    [Fact]
    public void Parse_WhatToStringWrote_GivesTheSettings() => Gen.Select(Gen.OneOf("dense", "svd", "powersgd"), Gen.Int[1, 4096], Gen.Bool, Gen.Bool).Sample(
        (name, rank, half, feedback) =>
        {
            var settings = new CompressionSettings(name, name == "dense" ? 0 : rank, half, feedback);
            Assert.Equal(settings, CompressionSettings.Parse(settings.ToString()));
        },
        iter: 200, threads: 1);

    [Theory]
    [InlineData("zip-r4", "There is no compressor 'zip'; there are: dense, svd, powersgd.")]
    [InlineData("", "There is no compressor ''")]
    [InlineData("svd", "The rank of svd must be in [1, 4096]; it is 0.")]
    [InlineData("powersgd-r4097", "The rank of powersgd must be in [1, 4096]; it is 4097.")]
    [InlineData("svd-r0", "it is 0")]
    [InlineData("dense-r8", "dense sends updates whole and takes no rank; it is 8.")]
    [InlineData("svd-r8-fp8", "'fp8' of 'svd-r8-fp8' is unknown; after the compressor come rRANK, fp16 and feedback.")]
    [InlineData("svd-r-8", "'r' of")]
    [InlineData("svd-r99999999999", "'r99999999999' of")]
    [InlineData("svd-fp16-r8", "write 'svd-r8-fp16'")]
    [InlineData("svd-r8-r9", "write 'svd-r9'")]
    [InlineData("svd-r08", "write 'svd-r8'")]
    [InlineData("SVD-r8", "There is no compressor 'SVD'")]
    public void Parse_BadText_SaysWhy(string text, string reason) =>
        Assert.Contains(reason, Assert.Throws<FormatException>(() => CompressionSettings.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Create_BadSettings_AreRefused() => Refused("The rank of svd must be in [1, 4096]; it is -1", new CompressionSettings("svd", -1));

    [Fact]
    public void Create_PowerSgd_NeedsABasisInTheFormat()
    {
        var settings = new CompressionSettings("powersgd", 1, HalfPrecision: true);
        var basis = new CompressedDelta([new LeftFactorTensor("m", [6, 10], 1, new byte[24])]);
        Refused("needs the basis", settings);
        Refused("is in Fp32; the settings ask for Fp16", settings, basis);
    }

    [Fact]
    public void ValueFormat_Numbers_ArePinned() =>
        Assert.Equal("Fp32=0 Fp16=1", string.Join(' ', Enum.GetValues<ValueFormat>().Select(format => $"{format}={(int)format}")));

    private static void Refused(string reason, CompressionSettings settings, CompressedDelta? basis = null) =>
        Assert.Contains(reason, Assert.Throws<ArgumentException>(() => CompressorCatalog.Create(settings, 1, basis)).Message, StringComparison.Ordinal);
}
