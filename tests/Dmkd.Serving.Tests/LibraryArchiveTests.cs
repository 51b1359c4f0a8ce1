using System.Text.Json.Nodes;

namespace Dmkd.Serving.Tests;

/// <summary>An exported library is whole or refused.</summary>
public sealed class LibraryArchiveTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SmallLibrary _library = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Exported => _folder["small"];

    [Fact]
    public async Task Open_WhatWasExported_HasTheSameManifest()
    {
        await ExportAsync();
        var opened = (await LibraryArchive.OpenAsync(Exported, Cancel)).Manifest;
        Assert.Equal(Text(_library.Manifest), Text(opened));
    }

    [Fact]
    public async Task Export_Folder_HasAFilePerMemberAndACard()
    {
        await ExportAsync();
        Assert.Equal(
            [
                "README.md",
                "expert-1.safetensors",
                "expert-2.safetensors",
                "gate.fit.safetensors",
                "gate.safetensors",
                "library.json",
            ],
            Directory.GetFiles(Exported).Select(Path.GetFileName).Order(StringComparer.Ordinal)
        );
        Assert.Equal([Exported], Directory.GetFileSystemEntries(_folder.Path)); // nothing temporary is left
        string card = await File.ReadAllTextAsync(Path.Combine(Exported, "README.md"), Cancel);
        foreach (
            string part in new[]
            {
                "# small",
                "| expert-2 | expert | 2 | 3x8x8 uint8 | cup, flag \\| pole |",
                "20 exemplars",
                "`affine`",
            }
        )
            Assert.Contains(part, card, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Export_Twice_WritesTheSameBytes()
    {
        await ExportAsync();
        await LibraryExport.WriteAsync(_library, _folder["again"], replaces: false, Cancel);
        foreach (string file in Directory.GetFiles(Exported))
            Assert.Equal(
                await File.ReadAllBytesAsync(file, Cancel),
                await File.ReadAllBytesAsync(Path.Combine(_folder["again"], Path.GetFileName(file)), Cancel)
            );
    }

    [Fact]
    public async Task Export_AgainToTheSameFolder_NeedsToBeTold()
    {
        await ExportAsync();
        Assert.Contains(
            "--force",
            (await Assert.ThrowsAsync<LibraryArchiveException>(ExportAsync)).Message,
            StringComparison.Ordinal
        );
        await LibraryExport.WriteAsync(_library, Exported, replaces: true, Cancel);
        Assert.Equal([Exported], Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task Export_OverSomebodysFolder_IsRefusedWhateverIsSaid()
    {
        Directory.CreateDirectory(Exported);
        await File.WriteAllTextAsync(Path.Combine(Exported, "letter.txt"), "dear", Cancel);
        var error = await Assert.ThrowsAsync<LibraryArchiveException>(() =>
            LibraryExport.WriteAsync(_library, Exported, replaces: true, Cancel)
        );
        Assert.Contains("no exported library", error.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(Exported, "letter.txt")));
    }

    [Theory]
    [InlineData("expert-1.safetensors")]
    [InlineData("gate.fit.safetensors")]
    public async Task Open_AByteWasChanged_NamesFileAndDigests(string name)
    {
        await ExportAsync();
        string path = Path.Combine(Exported, name);
        byte[] content = await File.ReadAllBytesAsync(path, Cancel);
        content[^1] ^= 1;
        await File.WriteAllBytesAsync(path, content, Cancel);
        await RefusedAsync(name, "has digest sha256:", "says sha256:", "Export the library again");
    }

    [Fact]
    public async Task Open_AFileWasCut_NamesBothSizes()
    {
        await ExportAsync();
        string path = Path.Combine(Exported, "expert-2.safetensors");
        byte[] content = await File.ReadAllBytesAsync(path, Cancel);
        await File.WriteAllBytesAsync(path, content[..^1], Cancel);
        await RefusedAsync("expert-2.safetensors", $"has {content.Length - 1} bytes", $"says {content.Length}");
    }

    [Fact]
    public async Task Open_AFileIsMissing_NamesIt()
    {
        await ExportAsync();
        File.Delete(Path.Combine(Exported, "gate.safetensors"));
        await RefusedAsync("gate.safetensors is missing");
    }

    [Fact]
    public async Task Open_NoLibrary_SaysSo() => await RefusedAsync("is no exported library", "library.json");

    [Theory]
    [InlineData("schemaVersion", "2", "has schema version 2; this dmkd reads version 1")]
    [InlineData("members", "[]", "has no expert")]
    [InlineData("members", "[null]", "null")]
    [InlineData("members", "null", "library.json cannot be read: the value at $")]
    [InlineData("members/0/version", "\"two\"", "library.json cannot be read: the value at $.members[0].version is of")]
    [InlineData("members/0/weights", "{}", "library.json cannot be read: $.members[0].weights lacks 'file', ")]
    [InlineData(
        "members/0/weights/file",
        "\"../expert-1.safetensors\"",
        "outside its folder: '../expert-1.safetensors'"
    )]
    [InlineData("members/0/weights/file", "\"/etc/passwd\"", "outside its folder")]
    [InlineData("members/0/name", "\"a/b\"", "no slash")]
    [InlineData("members/0/classNames", "[\"ball\"]", "2 classes and 1 names")]
    [InlineData("members/0/architecture", "\"telepathy\"", "member 'expert-1'")]
    [InlineData("members/0/labelSpace", "\"rotations\"", "has 2 outputs, not 8 or more")]
    [InlineData("members/0/labelSpace", "\"colours\"", "no label space 'colours'")]
    public async Task Open_DescriptionThatDoesNotFit_SaysWhy(string path, string value, string message)
    {
        await ExportAsync();
        string file = Path.Combine(Exported, "library.json");
        var document = JsonNode.Parse(await File.ReadAllTextAsync(file, Cancel))!;
        string[] parts = path.Split('/');
        var parent = document;
        foreach (string part in parts[..^1])
            parent = int.TryParse(part, out int index) ? parent[index]! : parent[part]!;
        parent[parts[^1]] = JsonNode.Parse(value);
        await File.WriteAllTextAsync(file, document.ToJsonString(), Cancel);
        await RefusedAsync(message);
    }

    [Theory]
    [InlineData("", "library.json is empty.")]
    [InlineData(" \n", "library.json is empty.")]
    [InlineData("null", "library.json cannot be read: it is null.")]
    [InlineData("{\n  \"schemaVersion\": 1,\n  \"lib", "library.json is cut off or no JSON (line 3).")]
    [InlineData("<html>", "library.json is cut off or no JSON (line 1).")]
    public async Task Open_DescriptionThatIsNone_SaysSoInWords(string content, string message)
    {
        await ExportAsync();
        await File.WriteAllTextAsync(Path.Combine(Exported, "library.json"), content, Cancel);
        await RefusedAsync(message);
    }

    [Fact]
    public async Task Open_DescriptionFromBeforeSignatures_ReadsLabelsFromTheOlderField()
    {
        await ExportAsync();
        string file = Path.Combine(Exported, "library.json");
        var document = JsonNode.Parse(await File.ReadAllTextAsync(file, Cancel))!;
        var member = document["members"]![0]!.AsObject();
        Assert.True(member.Remove("labelSpace"));
        await File.WriteAllTextAsync(file, document.ToJsonString(), Cancel);
        var opened = await LibraryArchive.OpenAsync(Exported, Cancel);
        Assert.Equal("classes", opened.Manifest.Members[0].Signature.LabelSpace);
        member["rotationLabelled"] = true;
        await File.WriteAllTextAsync(file, document.ToJsonString(), Cancel);
        await RefusedAsync("has 2 outputs, not 8 or more");
    }

    public void Dispose() => _folder.Dispose();

    private Task ExportAsync() => LibraryExport.WriteAsync(_library, Exported, replaces: false, Cancel);

    private async Task RefusedAsync(params string[] parts)
    {
        var error = await Assert.ThrowsAsync<LibraryArchiveException>(() => LibraryArchive.OpenAsync(Exported, Cancel));
        Assert.DoesNotContain('\n', error.Message);
        foreach (string part in parts)
            Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    private static string Text(LibraryManifest manifest) => System.Text.Json.JsonSerializer.Serialize(manifest);
}
