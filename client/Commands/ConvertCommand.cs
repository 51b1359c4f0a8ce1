using System.CommandLine;
using System.Security.Cryptography;
using Dmkd.Client.Errors;
using Dmkd.Client.Files;
using Dmkd.Client.Rendering;
using Dmkd.Core.Devices;
using Dmkd.Core.Models;
using Dmkd.Core.Tensors;

namespace Dmkd.Client.Commands;

/// <summary>
/// <c>dmkd convert</c>: an importable checkpoint as safetensors under the architecture's own names, without pickles.
/// </summary>
internal sealed class ConvertCommand : Command
{
    private readonly Option<string> _checkpoint = new("--checkpoint")
    {
        Description = "Checkpoint: safetensors or PyTorch (.pt, .pth, .th)",
        Required = true,
    };
    private readonly Option<string> _architecture = new("--architecture")
    {
        Description = Architectures.Help,
        Required = true,
    };
    private readonly Option<string> _output = new("--output")
    {
        Description = "File to write, such as model.safetensors",
        Required = true,
    };
    private readonly Option<int?> _outputs = new Option<int?>("--outputs")
    {
        Description = "Outputs of the network; as many as the checkpoint's head has when not given",
    }.WithNumbers();
    private readonly Option<int> _imageSize = new Option<int>("--image-size")
    {
        Description = "Height and width of the network's input, in pixels",
        DefaultValueFactory = _ => 32,
    }.WithNumbers();
    private readonly Option<bool> _force = new("--force") { Description = "Replace the file if it exists" };
    private readonly CheckpointOptions _choice = new();
    private readonly CommonOptions _common = new();

    public ConvertCommand()
        : base("convert", "Write a checkpoint as safetensors")
    {
        Option[] all = [_checkpoint, _architecture, _output, _outputs, _imageSize, _force];
        foreach (var option in all)
            Options.Add(option);
        _choice.AddTo(this);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string path = parsed.GetValue(_checkpoint)!;
        if (!File.Exists(path))
            throw new BadInputException($"There is no checkpoint {path}.");
        RequireArchitecture(parsed);
        using var output = OutputFile.Open(parsed.GetValue(_output)!, parsed.GetValue(_force));
        using var device = new DeviceWorker(lanes: 1);
        var written = await device.RunAsync(_ => Convert(parsed, path, output), cancellationToken);
        written.Print(_common.Json(parsed));
        return ExitCode.Success;
    }

    private WrittenWeights Convert(ParseResult parsed, string path, OutputFile output)
    {
        using var checkpoint = CheckpointReader.Read(path, _choice.Read(parsed));
        Notice.All(checkpoint.Notices);
        // a text form has its own outputs
        bool needsOutputs = parsed.GetValue(_outputs) is null && !Architectures.IsText(parsed.GetValue(_architecture)!);
        int outputs = needsOutputs ? OutputsIn(checkpoint, parsed) : parsed.GetValue(_outputs) ?? 1;
        var architecture = ArchitectureOf(parsed, outputs);
        using var weights = StateDictMapper.Map(architecture, checkpoint);
        string digest = WeightDigest.Of(WeightCodec.Encode(weights));
        SafeTensorsWriter.Write(
            output.Content,
            weights,
            Lineage.OfCheckpoint(
                architecture.ToString()!,
                digest,
                Path.GetFileName(path),
                checkpoint.Format,
                DigestOf(path)
            )
        );
        return new WrittenWeights(output.Path, digest, output.Commit(), weights.Count);
    }

    private int OutputsIn(Checkpoint checkpoint, ParseResult parsed) =>
        StateDictMapper.FindOutputCount(ArchitectureOf(parsed, 1), checkpoint.Tensors)
        ?? throw new BadInputException(
            $"The checkpoint has no head of {parsed.GetValue(_architecture)}; --outputs tells the number "
                + $"of outputs, and then what else does not fit."
        );

    /// <summary>Refuses a wrong name or size before anything is read or written.</summary>
    private void RequireArchitecture(ParseResult parsed) => ArchitectureOf(parsed, parsed.GetValue(_outputs) ?? 1);

    private NetworkArchitecture ArchitectureOf(ParseResult parsed, int outputs) =>
        Architectures.Read(parsed.GetValue(_architecture)!, outputs, parsed.GetValue(_imageSize));

    private static string DigestOf(string path)
    {
        using var file = File.OpenRead(path);
        return $"sha256:{System.Convert.ToHexStringLower(SHA256.HashData(file))}";
    }
}
