using System.Text.Json;
using Dmkd.Contracts.Experts;
using Dmkd.Grains.Experts;
using Dmkd.Hosting.Storage;

namespace Dmkd.Grains.Tests.Rules;

/// <summary>Descriptors as programs stored them that had no signatures.</summary>
public sealed class ModuleSignaturesTests
{
    private static readonly JsonStateSerializer Serializer = new();

    [Theory]
    [InlineData("true", "rotations")]
    [InlineData("false", "classes")]
    public void Migrated_OlderDescriptor_HasTheSignatureOfItsArchitectureAndLabels(string tellsViews, string labels)
    {
        var migrated = Older(tellsViews).Migrated();
        Assert.Equal($"images(pixels:uint8[-1,3,32,32]){labels}", migrated.Signature);
        Assert.Equal(migrated.ReadSignature(), Older(tellsViews).ReadSignature());
        Assert.Same(migrated, migrated.Migrated());
    }

    [Fact]
    public void Serialize_MigratedDescriptor_HasTheSignatureInPlaceOfTheOlderField()
    {
        var written = JsonDocument.Parse(Serializer.Serialize(Older("true").Migrated())).RootElement;
        Assert.True(written.TryGetProperty("signature", out _));
        Assert.False(written.TryGetProperty("rotationLabelled", out _));
    }

    private static ModuleDescriptor Older(string tellsViews) =>
        Serializer.Deserialize<ModuleDescriptor>(
            new BinaryData(
                $$"""
                {"library":"done","name":"expert-2","architecture":"convnet(3x32x32;4-8-8-8;20)","classes":[5,6],
                "classNames":["house","key"],"rotationLabelled":{{tellsViews}},"lineage":{"origin":0,"runId":"done"},
                "normalisation":"standard","role":0,"key":"done/expert-2"}
                """
            )
        );
}
