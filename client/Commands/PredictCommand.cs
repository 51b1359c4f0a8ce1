using System.CommandLine;
using Dmkd.Client.Errors;
using Dmkd.Client.Rendering;
using Dmkd.Contracts.Routing;
using Dmkd.Core;
using Dmkd.Core.Models;
using Dmkd.Data.Images.Folders;
using Dmkd.Serving;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd predict</c>: asks a library what images show.</summary>
internal sealed class PredictCommand : Command
{
    private const long MaxFileBytes = 64 << 20;
    private readonly CommonOptions _common = new();
    private readonly Argument<string[]> _images = new("image")
    {
        Description = "Image files (JPEG, PNG, BMP or WebP)",
        Arity = ArgumentArity.OneOrMore,
    };
    private readonly Option<string?> _library = new("--library") { Description = "Library; the newest when not given" };
    private readonly Option<string?> _archive = new("--archive")
    {
        Description = "Folder of an exported library, which answers without a silo",
    };
    private readonly RoutingOptions _routing = new();

    public PredictCommand()
        : base("predict", "Predict the classes of images and say which experts answered")
    {
        Arguments.Add(_images);
        Options.Add(_library);
        Options.Add(_archive);
        _routing.AddTo(this);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string[] images = parsed.GetValue(_images)!;
        _routing.Check(parsed);
        foreach (string image in images)
            RequireFile(image);
        _common.RequireConvolutions(parsed);
        await using var library = await OpenLibrary.OpenAsync(_common, parsed, _library, _archive, cancellationToken);
        var plan = _routing.Read(parsed, library.Manifest);
        var input = Bad.InputUnless(() => library.Manifest.Input);
        var predictions = new List<PredictedInput>();
        var replacements = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var batch in BatchesOf(images, input))
        {
            var (predicted, replaced) = await library.PredictAsync(batch, plan, cancellationToken);
            predictions.AddRange(predicted);
            replacements.UnionWith(replaced);
        }

        foreach (string replacement in replacements)
            Notice.Warning(OneLine.Escaped(replacement));
        Print(images.Zip(predictions), _common.Json(parsed));
        return ExitCode.Success;
    }

    /// <summary>Batches within the limit of one request.</summary>
    private static IEnumerable<InputTensor> BatchesOf(string[] images, TensorSignature input)
    {
        int bytesPerImage = (int)input.BytesPerInput,
            size = input.Shape[^1];
        int most = Math.Clamp(RouteRequest.MaxInputBytes / bytesPerImage, 1, RouteRequest.MaxPredictions);
        foreach (string[] batch in images.Chunk(most))
        {
            byte[] pixels = new byte[batch.Length * bytesPerImage];
            for (int i = 0; i < batch.Length; i++)
                ImageDecoder.Decode(File.ReadAllBytes(batch[i]), batch[i], size).CopyTo(pixels, i * bytesPerImage);
            yield return new InputTensor(input.Name, input.DataType, [batch.Length, .. input.Shape.Skip(1)], pixels);
        }
    }

    private static void Print(IEnumerable<(string Image, PredictedInput Prediction)> named, bool json)
    {
        if (!json)
        {
            Consoles.Create(json: false).Write(ModuleTables.Predictions(named));
            return;
        }

        JsonOutput.Write(
            named.Select(pair => new
            {
                pair.Image,
                Class = pair.Prediction.ClassName,
                pair.Prediction.ClassIndex,
                pair.Prediction.Probability,
                Experts = pair.Prediction.Experts.Select(share => new { share.Module, share.Probability }),
            })
        );
    }

    private static void RequireFile(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
            throw new BadInputException($"There is no image {path}.");
        if (file.Length > MaxFileBytes)
            throw new BadInputException($"{path} has {file.Length} bytes; an image may have {MaxFileBytes}.");
    }
}
